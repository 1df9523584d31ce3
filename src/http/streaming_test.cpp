// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <fstream>

#include "base/temp_directory.h"
#include "http/body_sender.h"
#include "http/server_fixture.h"
#include "http/tls_fixture.h"

namespace nephele::http {
namespace {

using namespace std::chrono_literals;
using testing::RunningServer;

constexpr bool sanitized =
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    true;
#else
    false;
#endif
constexpr std::uint64_t long_body_bytes = (sanitized ? 64ULL : 1024ULL) << 20U;

std::uint64_t resident_bytes() {
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// `total` bytes, without end unless told.
class Source final : public BodySource {
 public:
  Source(std::uint64_t total, std::atomic<std::uint64_t>& produced, std::string failure = {})
      : left_(total), produced_(produced), failure_(std::move(failure)) {}
  Task<Result<std::size_t>> read(std::span<std::byte> into) override {
    if (left_ == 0 && !failure_.empty()) co_return fail(Kind::unavailable, failure_);
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left_));
    std::memset(into.data(), 'x', n);
    left_ -= n;
    produced_ += n;
    co_return n;
  }

 private:
  std::uint64_t left_;
  std::atomic<std::uint64_t>& produced_;
  std::string failure_;
};

class Events final : public EventSource {
 public:
  /// `more`: bytes at the end of each.
  Events(int count, std::chrono::milliseconds pause, std::size_t more, std::atomic<int>& alive)
      : count_(count), pause_(pause), more_(more, 'x'), alive_(alive) {
    ++alive_;
  }
  ~Events() override { --alive_; }
  Task<Result<std::optional<ServerEvent>>> next() override {
    if (at_ == count_) co_return std::optional<ServerEvent>();
    if (at_ != 0) co_await sleep_for(pause_);
    ++at_;
    co_return std::optional(ServerEvent{std::to_string(at_), "tick", "line\nof " + std::to_string(at_) + more_});
  }

 private:
  int count_;
  std::chrono::milliseconds pause_;
  std::string more_;
  std::atomic<int>& alive_;
  int at_ = 0;
};

struct Api {
  Task<Response> upload(Request& request) {
    std::vector<std::byte> block(64UZ * 1024);
    std::uint64_t total = 0;
    for (;;) {
      const auto got = co_await request.body->read(block);
      if (!got) co_return text_response(400, got.error().sentence());
      if (*got == 0) break;
      total += *got;
      taken += *got;
      while (holds) co_await sleep_for(2ms);
    }
    co_return text_response(200, std::to_string(total));
  }
  Task<Response> download(Request& request) {
    const std::uint64_t bytes = std::stoull(request.parameters.at(0));
    Response response;
    Stream stream{std::make_unique<Source>(bytes, produced, request.query_value("fails").value_or("")), {}};
    if (auto length = request.query_value("length")) stream.length = std::stoull(*length);
    response.body = std::move(stream);
    co_return response;
  }
  Task<Response> file(Request& request) {
    Response response;
    response.body = FileRange{FileHandle(::open(path.c_str(), O_RDONLY | O_CLOEXEC)),
                              std::stoull(*request.query_value("from")), std::stoull(*request.query_value("length"))};
    co_return response;
  }
  Task<Response> events(Request& request) {
    Response response;
    response.body = std::make_unique<Events>(std::stoi(request.parameters.at(0)),
                                             std::chrono::milliseconds(std::stoi(*request.query_value("pause"))),
                                             std::stoull(request.query_value("more").value_or("0")), alive);
    co_return response;
  }
  Task<Response> hello(Request&) { co_return text_response(200, "hello"); }

  std::string path;
  std::atomic<std::uint64_t> produced{0}, taken{0};
  std::atomic<int> alive{0};
  std::atomic<bool> holds{false};

  static constexpr Route<Api> routes[] = {
      {Verb::put, "/upload", Access::open, &Api::upload, SIZE_MAX},
      {Verb::get, "/download/{bytes}", Access::open, &Api::download},
      {Verb::get, "/file", Access::open, &Api::file},
      {Verb::get, "/events/{count}", Access::open, &Api::events},
      {Verb::get, "/hello", Access::open, &Api::hello},
  };
};

/// Reads and forgets `bytes` of a body.
std::uint64_t swallow(testing::RawClient& client, std::uint64_t bytes) {
  std::vector<char> block(256UZ * 1024);
  std::uint64_t total = client.buffered().size();
  while (total < bytes) {
    const auto got = ::recv(client.descriptor(), block.data(), block.size(), 0);
    if (got <= 0) break;
    total += static_cast<std::uint64_t>(got);
  }
  return total;
}

TEST(HttpStreaming, TakesALongBodyInConstantMemory) {
  RunningServer<Api> server;
  auto client = server.connect();
  ASSERT_EQ(client.get("/hello").status, 200);
  const auto before = resident_bytes();
  client.send("PUT /upload HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(long_body_bytes) + "\r\n\r\n");
  const std::string block(1 << 20U, 'x');
  for (std::uint64_t sent = 0; sent < long_body_bytes; sent += block.size()) ASSERT_TRUE(client.send(block));
  EXPECT_EQ(client.receive().body, std::to_string(long_body_bytes));
  EXPECT_EQ(client.get("/hello").status, 200);
  if (!sanitized) {
    EXPECT_LT(resident_bytes(), before + (8U << 20U));
  }
}

TEST(HttpStreaming, TakesALongChunkedBody) {
  RunningServer<Api> server;
  auto client = server.connect();
  client.send("PUT /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "10001\r\n" + std::string(0x10001, 'x') + "\r\n";
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(client.send(chunk));
  client.send("0\r\n\r\n");
  EXPECT_EQ(client.receive().body, std::to_string(1000 * 0x10001));
}

TEST(HttpStreaming, GivesALongBodyInConstantMemory) {
  RunningServer<Api> server;
  auto client = server.connect();
  ASSERT_EQ(client.get("/hello").status, 200);
  const auto before = resident_bytes();
  const auto text = std::to_string(long_body_bytes);
  client.send("GET /download/" + text + "?length=" + text + " HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_GE(swallow(client, long_body_bytes), long_body_bytes);
  if (!sanitized) {
    EXPECT_LT(resident_bytes(), before + (8U << 20U));
  }
}

TEST(HttpStreaming, ProducesOnlyWhatTheClientTakes) {
  RunningServer<Api> server(Limits{.body_stall = 300ms});
  auto client = server.connect();
  client.send("GET /download/1000000000000 HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return server.api.produced > 0; }));
  // It fills the sockets, stands still, and is cut after the stall limit.
  EXPECT_TRUE(eventually([&] { return server.server().metrics().connections_open == 0; }));
  EXPECT_LT(server.api.produced, 64ULL << 20U);
}

TEST(HttpStreaming, ReadsOnlyWhatTheHandlerTakes) {
  RunningServer<Api> server;
  server.api.holds = true;
  auto client = server.connect();
  client.send("PUT /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n");
  const std::string block(1 << 20U, 'x');
  std::uint64_t sent = 0;
  for (ssize_t n = 1; n > 0; sent += n > 0 ? static_cast<std::uint64_t>(n) : 0)
    n = ::send(client.descriptor(), block.data(), block.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  EXPECT_LT(sent, 64ULL << 20U);
  EXPECT_LE(server.api.taken, 64U * 1024);
  server.api.holds = false;
  for (; sent < 100'000'000; sent += std::min<std::uint64_t>(block.size(), 100'000'000 - sent))
    ASSERT_TRUE(client.send(std::string_view(block).substr(0, 100'000'000 - sent)));
  EXPECT_EQ(client.receive().body, "100000000");
}

TEST(HttpStreaming, SendsChunksWhenTheLengthIsUnknown) {
  RunningServer<Api> server;
  auto client = server.connect();
  for (const std::size_t bytes : {0UZ, 1UZ, 65'536UZ, 300'000UZ}) {
    const auto got = client.get("/download/" + std::to_string(bytes));
    EXPECT_EQ(got.headers.at("transfer-encoding"), "chunked");
    EXPECT_TRUE(got.complete);
    EXPECT_EQ(got.body, std::string(bytes, 'x'));
  }
  EXPECT_EQ(client.exchange("HEAD", "/download/5").status, 200);
  EXPECT_EQ(client.get("/hello").body, "hello");
}

TEST(HttpStreaming, EndsOldClientsBodiesWithTheConnection) {
  RunningServer<Api> server;
  auto client = server.connect();
  client.send("GET /download/100000 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const auto got = client.receive();
  EXPECT_FALSE(got.headers.contains("transfer-encoding"));
  EXPECT_EQ(got.headers.at("connection"), "close");
  EXPECT_EQ(got.body.size(), 100'000U);
}

TEST(HttpStreaming, LeavesABrokenBodyVisiblyUnfinished) {
  RunningServer<Api> server;
  for (const char* path : {"/download/100?fails=gone", "/download/100?length=200"}) {
    auto client = server.connect();
    const auto got = client.get(path);
    EXPECT_EQ(got.status, 200);
    EXPECT_FALSE(got.complete);
    EXPECT_EQ(got.body, std::string(100, 'x'));
  }
}

TEST(HttpStreaming, NeverSendsMoreThanAnnounced) {
  RunningServer<Api> server;
  auto client = server.connect();
  EXPECT_EQ(client.get("/download/100?length=50").body, std::string(50, 'x'));
  EXPECT_EQ(client.get("/hello").body, "hello");
}

class HttpFiles : public ::testing::Test {
 protected:
  HttpFiles() {
    for (int i = 0; i < 1'000'000; ++i) text_.push_back(static_cast<char>('a' + i % 26));
    path_ = directory_.write("file", text_);
  }
  TempDirectory directory_;
  std::string text_, path_;
};

TEST_F(HttpFiles, AreSentInRanges) {
  RunningServer<Api> server;
  server.api.path = path_;
  auto client = server.connect();
  EXPECT_EQ(client.get("/file?from=0&length=1000000").body, text_);
  EXPECT_EQ(client.get("/file?from=999000&length=1000").body, text_.substr(999'000));
  EXPECT_EQ(client.get("/file?from=10&length=0").body, "");
  EXPECT_EQ(client.exchange("HEAD", "/file?from=0&length=7").headers.at("content-length"), "7");
  EXPECT_EQ(client.get("/hello").body, "hello");
  const auto short_file = client.get("/file?from=999000&length=2000");
  EXPECT_FALSE(short_file.complete);
}

TEST_F(HttpFiles, AreGivenUpWhenTheClientGoes) {
  RunningServer<Api> server;
  server.api.path = "/dev/zero";
  auto client = server.connect();
  client.send("GET /file?from=0&length=100000000000 HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(client.wait_for(100'000));
  client.abort();
  EXPECT_TRUE(eventually([&] { return server.server().metrics().connections_open == 0; }));
}

TEST_F(HttpFiles, AndBodiesTravelThroughTls) {
  const testing::Certificate certificate;
  RunningServer<Api> server({}, {.tls = certificate.files()});
  server.api.path = path_;
  testing::TlsClient client(server.port());
  ASSERT_TRUE(client.connected());
  const auto exchange = [&](const std::string& request, const std::string& body) {
    client.send(request);
    std::string head;
    while (!head.ends_with("\r\n\r\n")) {
      const auto byte = client.receive(1);
      if (byte.empty()) return std::string("closed after ") + head;
      head += byte;
    }
    return client.receive(body.size());
  };
  EXPECT_EQ(exchange("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", "hello"), "hello");
  EXPECT_EQ(exchange("GET /file?from=0&length=1000000 HTTP/1.1\r\nHost: a\r\n\r\n", text_), text_);
  EXPECT_EQ(exchange("GET /download/500000?length=500000 HTTP/1.1\r\nHost: a\r\n\r\n", std::string(500'000, 'x')),
            std::string(500'000, 'x'));
  EXPECT_EQ(exchange("PUT /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n" + std::string(300'000, 'y'),
                     "300000"),
            "300000");
}

TEST(HttpTls, RefusesOldVersionsAndPlainText) {
  const testing::Certificate certificate;
  RunningServer<Api> server(Limits{.header = 300ms}, {.tls = certificate.files()});
  EXPECT_FALSE(testing::TlsClient(server.port(), TLS1_1_VERSION).connected());
  EXPECT_TRUE(testing::TlsClient(server.port(), TLS1_2_VERSION).connected());
  auto plain = server.connect();
  plain.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(plain.receive_all().find("HTTP"), std::string::npos);
  auto silent = server.connect();
  EXPECT_TRUE(silent.closed_by_server());
}

TEST(HttpTls, NamesTheFileThatCannotBeUsed) {
  const testing::Certificate one;
  const testing::Certificate two;
  RunningServer<Api> server;
  const auto listen = [&](Tls files) { return server.server().listen({.tls = std::move(files)}).error().sentence(); };
  EXPECT_NE(listen({"/nowhere", one.key_file}).find("/nowhere"), std::string::npos);
  EXPECT_NE(listen({one.certificate_file, one.certificate_file}).find(one.certificate_file), std::string::npos);
  EXPECT_NE(listen({one.certificate_file, two.key_file}).find(two.key_file), std::string::npos);
}

TEST(HttpEvents, AreSentAsTheyHappen) {
  RunningServer<Api> server;
  auto client = server.connect();
  const auto got = client.get("/events/2?pause=1");
  EXPECT_EQ(got.headers.at("content-type"), "text/event-stream");
  EXPECT_EQ(got.headers.at("cache-control"), "no-cache");
  EXPECT_TRUE(got.complete);
  EXPECT_EQ(got.body,
            "id: 1\nevent: tick\ndata: line\ndata: of 1\n\n"
            "id: 2\nevent: tick\ndata: line\ndata: of 2\n\n");
  EXPECT_TRUE(eventually([&] { return server.api.alive == 0; }));
}

TEST(HttpEvents, AreKeptAliveByComments) {
  RunningServer<Api> server(Limits{.keep_alive_comment = 20ms});
  auto client = server.connect();
  const auto got = client.get("/events/2?pause=300");
  EXPECT_TRUE(got.complete);
  EXPECT_NE(got.body.find("of 1\n\n: keep-alive\n\n: keep-alive\n\n"), std::string::npos);
  EXPECT_TRUE(got.body.ends_with("data: of 2\n\n"));
}

TEST(HttpEvents, CancelTheirSourceWhenTheClientGoes) {
  RunningServer<Api> server;
  for (const bool orderly : {true, false}) {
    auto client = server.connect();
    client.send("GET /events/2?pause=60000 HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(eventually([&] { return server.api.alive == 1; }));
    client.wait_for(200, 1s);
    if (orderly)
      client.close();
    else
      client.abort();
    EXPECT_TRUE(eventually([&] { return server.api.alive == 0; }));
  }
}

TEST(HttpEvents, EndInOrderWhenTheServerStops) {
  RunningServer<Api> server;
  auto client = server.connect();
  client.send("GET /events/2?pause=60000 HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(client.wait_for(200, 1s));
  server.stop(10s);
  const auto got = client.receive();
  EXPECT_TRUE(got.complete) << got.head << got.body;
  EXPECT_EQ(server.api.alive, 0);
}

TEST(HttpEvents, ThatNobodyReadsAreCut) {
  RunningServer<Api> server(Limits{.body_stall = 200ms});
  auto client = server.connect();
  // Long ones: the kernel's buffers take megabytes before anybody has to wait.
  client.send("GET /events/100000000?pause=0&more=100000 HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return server.api.alive == 1; }));
  EXPECT_TRUE(eventually([&] { return server.api.alive == 0; }, 30s));
}

TEST(HttpEvents, CannotBeForgedByTheirText) {
  EXPECT_EQ(format_event({"1\n2", "a\r\nb", "x\r\ny\rz\n"}),
            "id: 12\nevent: ab\ndata: x\ndata: y\ndata: z\ndata: \n\n");
  EXPECT_EQ(format_event({"", "", ""}), "data: \n\n");
}

TEST(HttpServer, StaysOfUseWhileHundredsSendSlowly) {
  RunningServer<Api> server(Limits{.header = 500ms, .body_stall = 500ms});
  std::vector<testing::RawClient> slow;
  for (int i = 0; i < 400; ++i) {
    slow.push_back(server.connect());
    slow.back().send(i % 2 == 0 ? "GET /hello HTTP/1.1\r\nHo"
                                : "PUT /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nx");
  }
  for (int i = 0; i < 50; ++i) EXPECT_EQ(server.connect().get("/hello").status, 200);
  for (auto& client : slow) EXPECT_EQ(client.receive().status, 408);
  slow.clear();
  EXPECT_TRUE(eventually([&] { return server.server().metrics().connections_open == 0; }));
}

}  // namespace
}  // namespace nephele::http
