// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/socket.h>

#include <atomic>
#include <fstream>
#include <mutex>
#include <sstream>

#include "http/answer.h"
#include "http/server_fixture.h"

namespace nephele::http {
namespace {

using namespace std::chrono_literals;
using State = AnswerReader::State;

struct AnswerCase {
  const char* name;
  std::string bytes;
  State state;
  int status;
  std::string body;
};
class Answers : public ::testing::TestWithParam<AnswerCase> {};

TEST_P(Answers, AreReadTheSameInOnePieceAndByteByByte) {
  const auto& [name, bytes, state, status, body] = GetParam();
  AnswerReader whole(Verb::get, 1000);
  EXPECT_EQ(whole.take(bytes), state);
  AnswerReader pieces(Verb::get, 1000);
  for (const char byte : bytes)
    if (pieces.take({&byte, 1}) == State::garbage) break;
  EXPECT_EQ(pieces.state(), state);
  for (auto* reader : {&whole, &pieces}) {
    if (state == State::garbage || state == State::too_long) continue;
    EXPECT_EQ(reader->response().status, status);
    EXPECT_EQ(reader->response().body, body);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, Answers,
    ::testing::Values(
        AnswerCase{"Length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", State::whole, 200, "ok"},
        AnswerCase{"MoreThanTheLength", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokay", State::whole, 200, "ok"},
        AnswerCase{"NoBody", "HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n", State::whole, 404, ""},
        AnswerCase{"UntilTheEnd", "HTTP/1.0 200 OK\n\nok", State::until_end, 200, "ok"},
        AnswerCase{"Chunks",
                   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n3;x=y\r\nay!\r\n0\r\n\r\n",
                   State::whole, 200, "okay!"},
        AnswerCase{"HalfAChunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nok", State::body, 200,
                   "ok"},
        AnswerCase{"Continue", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Made\r\nContent-Length: 1\r\n\r\nx",
                   State::whole, 201, "x"},
        AnswerCase{"NotModified", "HTTP/1.1 304 Same\r\nContent-Length: 5\r\n\r\n", State::whole, 304, ""},
        AnswerCase{"HalfAHead", "HTTP/1.1 200 OK\r\nContent-Le", State::head, 200, ""},
        AnswerCase{"Nothing", "", State::head, 0, ""},
        AnswerCase{"AnotherProtocol", "SSH-2.0-OpenSSH_9.2\r\n", State::garbage, 0, ""},
        AnswerCase{"AnotherProtocolWithoutALine", "220 smtp", State::garbage, 0, ""},
        AnswerCase{"AVersionToCome", "HTTP/2 200\r\n\r\n", State::garbage, 0, ""},
        AnswerCase{"NoStatus", "HTTP/1.1 fine\r\n\r\n", State::garbage, 0, ""},
        AnswerCase{"BadLength", "HTTP/1.1 200 OK\r\nContent-Length: 2x\r\n\r\nok", State::garbage, 0, ""},
        AnswerCase{"BadChunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", State::garbage, 0, ""},
        AnswerCase{"AnotherCoding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nzz", State::garbage, 0, ""},
        AnswerCase{"LongBody", "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", State::too_long, 0, ""},
        AnswerCase{"LongBodyUntilTheEnd", "HTTP/1.1 200 OK\r\n\r\n" + std::string(1001, 'x'), State::too_long, 0, ""},
        AnswerCase{"LongHead", "HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x'), State::too_long, 0, ""}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(AnswerReader, KnowsThatHeadHasNoBody) {
  AnswerReader reader(Verb::head, 1000);
  EXPECT_EQ(reader.take("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"), State::whole);
  EXPECT_EQ(reader.response().headers.find("content-length"), "5000");
}

/// Answers its connections one after the other from a script, and closes each of them.
class Scripted {
 public:
  static constexpr std::string_view hangs = "(says nothing)";

  explicit Scripted(std::vector<std::string> answers) : answers_(std::move(answers)) {
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
  ~Scripted() { stop(); }
  void stop() {
    ::shutdown(socket_.get(), SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    socket_.reset();
  }
  std::uint16_t port() const noexcept { return port_; }
  std::string url() const { return "http://localhost:" + std::to_string(port_) + "/RPC2?x=1"; }
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void serve() {
    std::vector<FileHandle> hanging;
    for (const auto& answer : answers_) {
      FileHandle client(::accept(socket_.get(), nullptr, nullptr));
      if (!client) return;
      std::string request;
      for (char block[4096]; !request.ends_with("body");) {
        const auto got = ::recv(client.get(), block, sizeof block, 0);
        if (got <= 0) break;
        request.append(block, static_cast<std::size_t>(got));
      }
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      if (answer == hangs)
        hanging.push_back(std::move(client));
      else
        ::send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    }
    ::accept(socket_.get(), nullptr, nullptr);  // until we are stopped
  }

  const std::vector<std::string> answers_;
  FileHandle socket_;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::jthread thread_;
};

const std::string closing = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";

ClientRequest post_to(const Scripted& server) {
  ClientRequest request{.verb = Verb::post, .url = server.url(), .body = "body", .retries_max = 0, .idempotent = true};
  request.headers.add("Content-Type", "text/xml");
  return request;
}

class ShortWay : public ::testing::Test {
 protected:
  Result<ClientResponse> send(ClientRequest request) {
    return threads_.run<Result<ClientResponse>>(client_.send(std::move(request)));
  }
  IoThreads threads_{1};
  Client client_{ClientSettings{.connect = 1s, .connections_per_host = 2, .body_bytes_max = 1'000}};
};

TEST_F(ShortWay, IsTakenToServersThatCloseAndSaysTheSame) {
  Scripted server({closing, closing, closing});
  for (int i = 0; i < 3; ++i) {
    const auto answer = send(post_to(server));
    ASSERT_TRUE(answer) << answer.error().sentence();
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "ok");
    EXPECT_EQ(answer->headers.find("connection"), "close");
  }
  const auto asked = server.requests();
  ASSERT_EQ(asked.size(), 3U);
  EXPECT_EQ(asked[0].find("Connection: close"), std::string::npos) << "by libcurl";
  for (const auto& request : {asked[1], asked[2]}) {
    EXPECT_TRUE(request.starts_with("POST /RPC2?x=1 HTTP/1.1\r\nHost: localhost:")) << request;
    EXPECT_NE(request.find("\r\nConnection: close\r\n"), std::string::npos) << request;
    EXPECT_NE(request.find("\r\nContent-Type: text/xml\r\nContent-Length: 4\r\n\r\nbody"), std::string::npos)
        << request;
  }
}

/// How many connections from or to a port this host still remembers, though nobody has them (TIME_WAIT).
std::size_t remembered(std::uint16_t port) {
  std::ifstream table("/proc/self/net/tcp");
  std::string line;
  const std::string end = fmt::format(":{:04X}", port);
  std::size_t count = 0;
  for (std::getline(table, line); std::getline(table, line);) {
    std::istringstream fields(line);
    std::string number, local, remote, state;
    fields >> number >> local >> remote >> state;
    if (state == "06" && (local.ends_with(end) || remote.ends_with(end))) ++count;
  }
  return count;
}

TEST_F(ShortWay, LeavesNoConnectionBehind) {
  Scripted server({closing, closing, closing, closing});
  ASSERT_TRUE(send(post_to(server)));  // by libcurl
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(send(post_to(server)));
  const auto port = server.port();
  server.stop();
  EXPECT_LE(remembered(port), 1U);
}

const std::string keeping = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

TEST_F(ShortWay, IsNotForServersThatKeepTheirConnections) {
  Scripted server({keeping, keeping});
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(send(post_to(server)));
  for (const auto& request : server.requests()) EXPECT_EQ(request.find("Connection: close"), std::string::npos);
}

TEST_F(ShortWay, IsForWhatHasAConnectionOfItsOwnAnyway) {
  Scripted server({keeping, keeping, keeping});
  const auto once = [&server] {
    auto request = post_to(server);
    request.idempotent = false;
    request.once = true;
    return request;
  };
  ASSERT_TRUE(send(once()));
  ASSERT_TRUE(send(once()));
  ASSERT_TRUE(send(post_to(server))) << "may share one: libcurl's";
  const auto asked = server.requests();
  ASSERT_EQ(asked.size(), 3U);
  EXPECT_EQ(asked[0].find("Connection: close"), std::string::npos);
  EXPECT_NE(asked[1].find("Connection: close"), std::string::npos);
  EXPECT_EQ(asked[2].find("Connection: close"), std::string::npos);
}

TEST_F(ShortWay, CarriesCredentials) {
  Scripted server({closing, closing});
  for (int i = 0; i < 2; ++i) {
    auto request = post_to(server);
    request.basic = Basic{"user", Secret("word")};
    ASSERT_TRUE(send(std::move(request)));
  }
  const auto asked = server.requests();
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_NE(asked[1].find("Connection: close"), std::string::npos);
  for (const auto& request : asked)
    EXPECT_NE(request.find("\r\nAuthorization: Basic dXNlcjp3b3Jk\r\n"), std::string::npos) << request;
}

struct FaultCase {
  const char* name;
  std::string answer;
  Kind kind;
  std::string_view part;
};
class ShortWayFaults : public ShortWay, public ::testing::WithParamInterface<FaultCase> {};

TEST_P(ShortWayFaults, AreToldInTheSameWordsAsLibcurls) {
  Scripted server({closing, GetParam().answer, closing});
  ASSERT_TRUE(send(post_to(server)));
  auto request = post_to(server);
  if (GetParam().answer == Scripted::hangs) request.deadline = in(200ms);
  const auto answer = send(std::move(request));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), GetParam().kind) << answer.error().sentence();
  EXPECT_NE(answer.error().sentence().find(GetParam().part), std::string::npos) << answer.error().sentence();
  EXPECT_TRUE(send(post_to(server))) << "the next one is served";
  EXPECT_EQ(server.requests().size(), 3U);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ShortWayFaults,
    ::testing::Values(FaultCase{"Cut", "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nok", Kind::unavailable, "partial"},
                      FaultCase{"Nothing", "", Kind::unavailable, "returned nothing"},
                      FaultCase{"Garbage", "no HTTP at all\r\n", Kind::unavailable, "failed: Weird server reply"},
                      FaultCase{"TooLong", "HTTP/1.1 200 OK\r\n\r\n" + std::string(2'000, 'x'), Kind::over_quota,
                                "too long"},
                      FaultCase{"Silence", std::string(Scripted::hangs), Kind::timeout, "did not answer in time"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(ShortWay, RepeatsOnlyWhatMayBeRepeated) {
  Scripted server({closing, "", closing, "", closing});
  ASSERT_TRUE(send(post_to(server)));
  auto again = post_to(server);
  again.retries_max = 2;
  EXPECT_TRUE(send(std::move(again)));
  auto once = post_to(server);
  once.retries_max = 2;
  once.idempotent = false;
  EXPECT_FALSE(send(std::move(once)));
  EXPECT_EQ(server.requests().size(), 4U);
}

TEST_F(ShortWay, EndsWhereNobodyListensAnyMore) {
  Scripted server({closing});
  ASSERT_TRUE(send(post_to(server)));
  server.stop();
  const auto answer = send(post_to(server));
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().sentence().find("does not accept connections"), std::string::npos)
      << answer.error().sentence();
}

Task<Result<ClientResponse>> with_limit(Client& client, ClientRequest request) {
  co_return co_await with_deadline<ClientResponse>(client.send(std::move(request)), in(100ms), "the test");
}

TEST_F(ShortWay, IsLeftWhenTheCallerIsCancelled) {
  Scripted server({closing, std::string(Scripted::hangs), closing});
  ASSERT_TRUE(send(post_to(server)));
  const auto answer = threads_.run<Result<ClientResponse>>(with_limit(client_, post_to(server)));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().sentence(), "the test did not answer in time; try again");
  EXPECT_TRUE(send(post_to(server)));
}

TEST_F(ShortWay, IsNotTakenByMoreAtOnceThanTheHostMayHave) {
  const std::string silent(Scripted::hangs);
  Scripted server({closing, silent, silent, closing});
  ASSERT_TRUE(send(post_to(server)));
  std::vector<std::future<Result<ClientResponse>>> silenced;
  for (int i = 0; i < 2; ++i) {
    auto request = post_to(server);
    request.deadline = in(1s);
    silenced.push_back(threads_.begin(client_.send(std::move(request))));
  }
  auto third = post_to(server);
  third.deadline = in(100ms);
  EXPECT_EQ(send(std::move(third)).error().kind(), Kind::timeout);
  EXPECT_LE(server.requests().size(), 3U) << "it was not sent";
  for (auto& call : silenced) EXPECT_EQ(call.get().error().kind(), Kind::timeout);
  EXPECT_EQ(send(post_to(server))->body, "ok") << "the places are free again";
}

TEST_F(ShortWay, IsFreeToOneHostWhileAnotherIsSilent) {
  const std::string silent(Scripted::hangs);
  Scripted stuck({closing, silent, silent});
  Scripted well({closing, closing});
  for (const auto* const server : {&stuck, &well}) ASSERT_TRUE(send(post_to(*server)));
  std::vector<std::future<Result<ClientResponse>>> silenced;
  for (int i = 0; i < 2; ++i) {
    auto request = post_to(stuck);
    request.deadline = in(2s);
    silenced.push_back(threads_.begin(client_.send(std::move(request))));
  }
  EXPECT_TRUE(eventually([&] { return stuck.requests().size() == 3; }));
  auto other = post_to(well);
  other.deadline = in(1s);
  const auto answer = send(std::move(other));
  EXPECT_TRUE(answer) << answer.error().sentence();
  EXPECT_NE(well.requests().back().find("Connection: close"), std::string::npos) << "not the short way";
  for (auto& call : silenced) EXPECT_EQ(call.get().error().kind(), Kind::timeout);
}

}  // namespace
}  // namespace nephele::http
