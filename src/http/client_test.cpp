// SPDX-License-Identifier: Apache-2.0
#include "http/client.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>

#include "base/temp_directory.h"
#include "http/server_fixture.h"
#include "http/tls_fixture.h"

namespace nephele::http {
namespace {

using namespace std::chrono_literals;
using testing::RunningServer;

struct Api {
  Task<Response> hello(Request&) {
    ++calls;
    co_return text_response(200, "hello");
  }
  Task<Response> what(Request& request) {
    auto body = co_await read_all(*request.body, 1 << 20U);
    const auto basic = basic_credentials(request.headers);
    const auto* known = std::get_if<Basic>(&basic);
    co_return text_response(201, std::string(to_string(request.verb)) + " " + request.path + " " +
                                     (known != nullptr ? known->user + "/" + known->password.reveal() : "nobody") +
                                     " " + std::string(request.headers.find("X-Test").value_or("-")) + " " +
                                     std::string(request.headers.find("Content-Type").value_or("-")) + " " +
                                     body.value_or("no body"));
  }
  Task<Response> upload(Request& request) {
    std::vector<std::byte> block(64UZ * 1024);
    std::uint64_t total = 0;
    for (;;) {
      const auto got = co_await request.body->read(block);
      if (!got || *got == 0) break;
      total += *got;
    }
    co_return text_response(200, std::to_string(total));
  }
  Task<Response> large(Request&) { co_return text_response(200, std::string(10'000'000, 'x')); }
  Task<Response> missing(Request&) { co_return text_response(404, "not here"); }
  Task<Response> sleeps(Request&) {
    ++calls;
    co_await sleep_for(10s);
    co_return text_response(200, "late");
  }
  std::atomic<int> calls{0};

  static constexpr Route<Api> routes[] = {
      {Verb::get, "/hello", Access::open, &Api::hello},
      {Verb::get, "/what", Access::open, &Api::what, 1000},
      {Verb::post, "/what", Access::open, &Api::what, 1000},
      {Verb::put, "/what", Access::open, &Api::what, 1000},
      {Verb::del, "/what", Access::open, &Api::what, 1000},
      {Verb::patch, "/what", Access::open, &Api::what, 1000},
      {Verb::put, "/upload", Access::open, &Api::upload, SIZE_MAX},
      {Verb::get, "/large", Access::open, &Api::large},
      {Verb::get, "/missing", Access::open, &Api::missing},
      {Verb::get, "/sleeps", Access::open, &Api::sleeps},
  };
};

class HttpClient : public ::testing::Test {
 protected:
  template <class T>
  T wait(Task<T> task) {
    return threads_.run(std::move(task));
  }
  Result<ClientResponse> send(ClientRequest request) {
    return wait<Result<ClientResponse>>(client_.send(std::move(request)));
  }
  std::string url(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(server_.port()) + path; }

  RunningServer<Api> server_;
  IoThreads threads_{1};
  Client client_{ClientSettings{.connect = 1s, .body_bytes_max = 1'000'000}};
};

TEST_F(HttpClient, SendsEachVerbWithItsBodyAndFields) {
  for (const Verb verb : {Verb::get, Verb::post, Verb::put, Verb::del, Verb::patch}) {
    ClientRequest request{.verb = verb, .url = url("/what"), .body = "text"};
    request.headers.add("X-Test", "yes");
    request.headers.add("Content-Type", "a/b");
    request.basic = Basic{"user", Secret("pass:word")};
    const auto got = send(std::move(request));
    ASSERT_TRUE(got) << got.error().sentence();
    EXPECT_EQ(got->status, 201);
    EXPECT_EQ(got->body, std::string(to_string(verb)) + " /what user/pass:word yes a/b text");
    EXPECT_EQ(got->headers.find("server"), "nephele");
  }
  const auto empty = send({.verb = Verb::post, .url = url("/what")});
  ASSERT_TRUE(empty);
  EXPECT_EQ(empty->body, "POST /what nobody - - ");
}

TEST_F(HttpClient, ReadsHeadersOfHead) {
  const auto got = send({.verb = Verb::head, .url = url("/hello")});
  ASSERT_TRUE(got) << got.error().sentence();
  EXPECT_EQ(got->headers.find("Content-Length"), "5");
  EXPECT_EQ(got->body, "");
}

TEST_F(HttpClient, KeepsItsConnections) {
  for (int i = 0; i < 10; ++i) ASSERT_EQ(send({.url = url("/hello")})->body, "hello");
  EXPECT_EQ(server_.server().metrics().connections_accepted, 1U);
}

TEST_F(HttpClient, SendsWhatMayNotBeRepeatedOnAConnectionOfItsOwn) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(send({.verb = Verb::post, .url = url("/what")}));
  EXPECT_EQ(server_.server().metrics().connections_accepted, 3U);
  const auto before = server_.server().metrics().connections_accepted.load();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(send({.verb = Verb::post, .url = url("/what"), .idempotent = true}));
  EXPECT_EQ(server_.server().metrics().connections_accepted, before);
}

TEST_F(HttpClient, SendsWhatIsToBeSentOnceOnAConnectionOfItsOwnWhateverTheVerb) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(send({.verb = Verb::del, .url = url("/what")}));
  EXPECT_EQ(server_.server().metrics().connections_accepted, 1U);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(send({.verb = Verb::del, .url = url("/what"), .once = true}));
  EXPECT_EQ(server_.server().metrics().connections_accepted, 4U);
}

TEST_F(HttpClient, CarriesManyCallsAtOnce) {
  std::vector<std::future<Result<ClientResponse>>> calls;
  for (int i = 0; i < 200; ++i) calls.push_back(threads_.begin(client_.send({.url = url("/hello")})));
  for (auto& call : calls) EXPECT_EQ(call.get()->body, "hello");
  EXPECT_LE(server_.server().metrics().connections_accepted, 16U);
}

TEST_F(HttpClient, RefusesAnswersThatAreTooLong) {
  const auto got = send({.url = url("/large")});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind(), Kind::over_quota);
}

class Counter final : public Client::Sink {
 public:
  explicit Counter(std::uint64_t fails_after = UINT64_MAX) : fails_after_(fails_after) {}
  Task<Result<>> write(std::span<const std::byte> block) override {
    total += block.size();
    largest = std::max(largest, block.size());
    co_await sleep_for(1ms);  // slower than the server
    if (total > fails_after_) co_return fail(Kind::unavailable, "the disk is full");
    co_return Result<>{};
  }
  std::uint64_t total = 0;
  std::size_t largest = 0;

 private:
  std::uint64_t fails_after_;
};

TEST_F(HttpClient, GivesASinkNoMoreThanItTakes) {
  Counter sink;
  const auto got = wait<Result<ClientResponse>>(client_.send({.url = url("/large")}, sink));
  ASSERT_TRUE(got) << got.error().sentence();
  EXPECT_EQ(sink.total, 10'000'000U);
  EXPECT_LE(sink.largest, 512U * 1024);
  EXPECT_EQ(got->body, "");
}

TEST_F(HttpClient, KeepsTheBodyOfARefusalFromTheSink) {
  Counter sink;
  const auto got = wait<Result<ClientResponse>>(client_.send({.url = url("/missing")}, sink));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->body, "not here");
  EXPECT_EQ(sink.total, 0U);
}

TEST_F(HttpClient, StopsWhenTheSinkFails) {
  Counter sink(100'000);
  const auto got = wait<Result<ClientResponse>>(client_.send({.url = url("/large")}, sink));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().sentence(), "the disk is full");
  EXPECT_EQ(send({.url = url("/hello")})->body, "hello");
}

TEST_F(HttpClient, StreamsABodyUp) {
  for (const bool known : {true, false}) {
    const auto body = text_body(std::string(5'000'000, 'x'));
    ClientRequest request{.verb = Verb::put, .url = url("/upload"), .stream = body.get()};
    if (known) request.stream_length = 5'000'000;
    const auto got = send(std::move(request));
    ASSERT_TRUE(got) << got.error().sentence();
    EXPECT_EQ(got->body, "5000000");
  }
}

TEST_F(HttpClient, GivesUpAtItsDeadline) {
  const auto started = std::chrono::steady_clock::now();
  const auto got = send({.url = url("/sleeps"), .deadline = in(200ms)});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind(), Kind::timeout);
  EXPECT_LT(std::chrono::steady_clock::now() - started, 3s);
  EXPECT_EQ(send({.url = url("/hello"), .deadline = in(-1ms)}).error().kind(), Kind::timeout);
}

Task<Result<ClientResponse>> call_with_limit(Client& client, std::string url) {
  ClientRequest request{.url = std::move(url)};
  co_return co_await with_deadline<ClientResponse>(client.send(std::move(request)), in(100ms), "the test");
}

TEST_F(HttpClient, DropsATransferWhoseCallerIsCancelled) {
  EXPECT_EQ(wait<Result<ClientResponse>>(call_with_limit(client_, url("/sleeps"))).error().kind(), Kind::timeout);
  EXPECT_EQ(send({.url = url("/hello")})->body, "hello");
}

TEST_F(HttpClient, SaysWhatIsWrongWithoutSecrets) {
  struct Case {
    std::string url;
    Kind kind;
    std::string_view part;
  };
  const std::string dead = "http://127.0.0.1:1/path?token=hush";
  for (const auto& [address, kind, part] :
       {Case{dead, Kind::unavailable, "http://127.0.0.1:1 does not accept connections"},
        Case{"http://user:hush@127.0.0.1:1/", Kind::invalid, "holds credentials"},
        Case{"ftp://127.0.0.1/", Kind::invalid, "ftp"}, Case{"no url at all", Kind::invalid, "no URL"},
        Case{"http://name.invalid/hush", Kind::unavailable, "unknown name"}}) {
    ClientRequest request{.url = address, .retries_max = 0};
    request.basic = Basic{"u", Secret("hush")};
    const auto got = send(std::move(request));
    ASSERT_FALSE(got) << address;
    EXPECT_EQ(got.error().kind(), kind) << got.error().sentence();
    EXPECT_NE(got.error().sentence().find(part), std::string::npos) << got.error().sentence();
    EXPECT_EQ(got.error().sentence().find("hush"), std::string::npos) << got.error().sentence();
  }
}

TEST_F(HttpClient, RefusesFieldsThatWouldBecomeTwo) {
  ClientRequest request{.url = url("/hello")};
  request.headers.add("X-Test", "a\r\nX-Other: b");
  EXPECT_EQ(send(std::move(request)).error().kind(), Kind::invalid);
}

/// A listener that answers nothing: closes each connection after reading, so many times, then answers.
class Flaky {
 public:
  explicit Flaky(int failures) : left_(failures) {
    socket_ = FileHandle(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(socket_.get(), reinterpret_cast<sockaddr*>(&at), sizeof at);
    socklen_t size = sizeof at;
    ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
    ::listen(socket_.get(), 16);
    thread_ = std::jthread([this] { serve(); });
  }
  ~Flaky() { ::shutdown(socket_.get(), SHUT_RDWR); }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }
  std::atomic<int> asked{0};

 private:
  void serve() {
    for (;;) {
      const FileHandle client(::accept(socket_.get(), nullptr, nullptr));
      if (!client) return;
      char block[4096];
      if (::recv(client.get(), block, sizeof block, 0) <= 0) continue;
      ++asked;
      if (left_-- > 0) continue;
      constexpr std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
      ::send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    }
  }
  FileHandle socket_;
  std::uint16_t port_ = 0;
  int left_;
  std::jthread thread_;
};

TEST_F(HttpClient, TriesAgainOnlyWhatMayBeRepeated) {
  Flaky twice(2);
  EXPECT_EQ(send({.url = twice.url()})->body, "ok");
  EXPECT_EQ(twice.asked, 3);
  Flaky always(100);
  EXPECT_EQ(send({.url = always.url()}).error().kind(), Kind::unavailable);
  EXPECT_EQ(always.asked, 3);
  Flaky once(1);
  EXPECT_FALSE(send({.verb = Verb::post, .url = once.url(), .body = "x"}));
  EXPECT_EQ(once.asked, 1);
  Flaky marked(1);
  EXPECT_EQ(send({.verb = Verb::post, .url = marked.url(), .body = "x", .idempotent = true})->body, "ok");
}

TEST_F(HttpClient, VerifiesCertificates) {
  const testing::Certificate certificate;
  RunningServer<Api> server({}, {.tls = certificate.files()});
  const std::string at = "https://127.0.0.1:" + std::to_string(server.port()) + "/hello";
  const auto distrusted = send({.url = at});
  ASSERT_FALSE(distrusted);
  EXPECT_NE(distrusted.error().sentence().find("not trusted"), std::string::npos) << distrusted.error().sentence();
  Client trusting(ClientSettings{.ca_file = certificate.certificate_file});
  EXPECT_EQ(wait<Result<ClientResponse>>(trusting.send({.url = at}))->body, "hello");
  Client blind(ClientSettings{.verify_tls = false});
  EXPECT_EQ(wait<Result<ClientResponse>>(blind.send({.url = at}))->body, "hello");
}

TEST_F(HttpClient, SpeaksOverUnixSockets) {
  const TempDirectory directory;
  const std::string path = directory / "socket";
  const FileHandle listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  path.copy(at.sun_path, sizeof at.sun_path - 1);
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  ::listen(listener.get(), 1);
  std::jthread server([&] {
    const FileHandle client(::accept(listener.get(), nullptr, nullptr));
    char block[4096];
    ::recv(client.get(), block, sizeof block, 0);
    constexpr std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nunix";
    ::send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
  });
  EXPECT_EQ(send({.url = "http://anything/x", .unix_socket = path})->body, "unix");
}

}  // namespace
}  // namespace nephele::http
