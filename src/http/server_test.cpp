// SPDX-License-Identifier: Apache-2.0
#include "http/server.h"

#include <poll.h>

#include <atomic>
#include <thread>

#include "http/listener.h"
#include "http/server_fixture.h"

namespace nephele::http {
namespace {

using namespace std::chrono_literals;
using testing::RunningServer;

struct Api {
  Task<Response> hello(Request&) { co_return text_response(200, "hello"); }
  Task<Response> empty(Request&) { co_return empty_response(204); }
  Task<Response> echo(Request& request) {
    ++handlers;
    auto body = co_await read_all(*request.body, 1 << 20U);
    if (!body) co_return text_response(418, body.error().sentence());
    co_return text_response(200, std::move(*body));
  }
  Task<Response> unread(Request&) { co_return text_response(200, "not read"); }
  Task<Response> what(Request& request) {
    co_return text_response(200, std::string(to_string(request.verb)) + " " + request.path + " " + request.query + " " +
                                     request.parameters.at(0) + " " + request.remote);
  }
  Task<Response> throws(Request&) {
    co_await sleep_for(1ms);
    throw std::runtime_error("the secret cause");
  }
  Task<Response> breaks_lines(Request&) {
    auto response = text_response(200, "x");
    response.headers.add("X-Evil", "a\r\nSet-Cookie: b");
    response.headers.add("Content-Length", "99");
    co_return response;
  }
  Task<Response> sleeps(Request&) {
    ++handlers;
    co_await sleep_for(10s);
    co_return text_response(200, "late");
  }
  Task<Response> works(Request&) {
    ++handlers;
    while (!released) co_await sleep_for(2ms);
    ++finished;
    co_return text_response(200, "done");
  }
  std::atomic<int> handlers{0}, finished{0};
  std::atomic<bool> released{false};

  static constexpr Route<Api> routes[] = {
      {Verb::get, "/hello", Access::open, &Api::hello},
      {Verb::get, "/empty", Access::open, &Api::empty},
      {Verb::post, "/echo", Access::open, &Api::echo, 100'000},
      {Verb::put, "/unread", Access::open, &Api::unread, 1 << 20U},
      {Verb::post, "/bodyless", Access::open, &Api::hello},
      {Verb::get, "/what/{x}", Access::open, &Api::what},
      {Verb::get, "/throws", Access::open, &Api::throws},
      {Verb::get, "/breaks-lines", Access::open, &Api::breaks_lines},
      {Verb::get, "/sleeps", Access::open, &Api::sleeps},
      {Verb::get, "/works", Access::open, &Api::works},
      {Verb::get, "/guarded", Access::user, &Api::hello},
  };
};

TEST(HttpServer, AnswersOneRequestAfterTheOtherOnAConnection) {
  RunningServer<Api> server;
  auto client = server.connect();
  for (int i = 0; i < 5; ++i) {
    const auto got = client.get("/hello");
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.body, "hello");
    EXPECT_EQ(got.headers.at("content-type"), "text/plain; charset=utf-8");
    EXPECT_EQ(got.headers.at("server"), "nephele");
    EXPECT_EQ(got.headers.at("x-request-id").size(), 16U);
    EXPECT_TRUE(got.headers.at("date").ends_with(" GMT"));
  }
  EXPECT_EQ(server.server().metrics().requests.load(), 5U);
  EXPECT_EQ(server.server().metrics().connections_accepted.load(), 1U);
}

TEST(HttpServer, AnswersPipelinedRequestsInTheirOrder) {
  RunningServer<Api> server;
  auto client = server.connect();
  client.send(
      "GET /what/1 HTTP/1.1\r\nHost: a\r\n\r\n"
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nxy\r\n0\r\n\r\n"
      "PUT /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12345"
      "GET /what/2?q HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.receive().body, "GET /what/1  1 127.0.0.1");
  EXPECT_EQ(client.receive().body, "abc");
  EXPECT_EQ(client.receive().body, "xy");
  EXPECT_EQ(client.receive().body, "not read");
  EXPECT_EQ(client.receive().body, "GET /what/2 q 2 127.0.0.1");
}

TEST(HttpServer, ReadsRequestsThatArriveByteByByte) {
  RunningServer<Api> server;
  auto client = server.connect();
  client.send_slowly(
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n1\r\nd\r\n0\r\nT: "
      "v\r\n\r\n");
  EXPECT_EQ(client.receive().body, "abcd");
  client.send_slowly("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nwxyz");
  EXPECT_EQ(client.receive().body, "wxyz");
}

TEST(HttpServer, SendsContinueAtTheFirstReadOnly) {
  RunningServer<Api> server;
  auto client = server.connect();
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.receive(false, false).status, 100);
  client.send("abc");
  EXPECT_EQ(client.receive(false, false).body, "abc");

  client.send("PUT /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  const auto got = client.receive(false, false);
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.headers.at("connection"), "close");
  EXPECT_TRUE(client.closed_by_server());
}

TEST(HttpServer, AnswersHeadWithoutABody) {
  RunningServer<Api> server;
  auto client = server.connect();
  const auto got = client.exchange("HEAD", "/hello");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.headers.at("content-length"), "5");
  EXPECT_EQ(client.get("/hello").body, "hello");
}

TEST(HttpServer, SendsNoLengthWithNoContent) {
  RunningServer<Api> server;
  auto client = server.connect();
  const auto got = client.get("/empty");
  EXPECT_EQ(got.status, 204);
  EXPECT_FALSE(got.headers.contains("content-length"));
  EXPECT_FALSE(got.headers.contains("content-type"));
}

TEST(HttpServer, KeepsOldClientsConnectionsOnlyWhenAsked) {
  RunningServer<Api> server;
  auto client = server.connect();
  client.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(client.receive().headers.at("connection"), "keep-alive");
  client.send("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.receive().headers.at("connection"), "close");
  EXPECT_TRUE(client.closed_by_server());
}

TEST(HttpServer, LeavesUnknownPathsAndMethodsToTheFaults) {
  RunningServer<Api> server;
  auto client = server.connect();
  EXPECT_EQ(client.get("/nothing").status, 404);
  const auto got = client.exchange("DELETE", "/hello");
  EXPECT_EQ(got.status, 405);
  EXPECT_EQ(got.headers.at("allow"), "GET, HEAD");
  EXPECT_EQ(client.exchange("BREW", "/hello").status, 405);
  EXPECT_EQ(client.get("/guarded").status, 401);
  EXPECT_EQ(client.get("/hello").status, 200);
}

TEST(HttpServer, TurnsAnExceptionIntoAFaultThatHidesIt) {
  RunningServer<Api> server;
  auto client = server.connect();
  const auto got = client.get("/throws");
  EXPECT_EQ(got.status, 500);
  EXPECT_EQ(got.body.find("secret"), std::string::npos);
  EXPECT_NE(got.body.find(got.headers.at("x-request-id")), std::string::npos);
  EXPECT_EQ(client.get("/hello").status, 200);
}

TEST(HttpServer, LeavesOutHeaderFieldsThatWouldBreakTheAnswer) {
  RunningServer<Api> server;
  auto client = server.connect();
  const auto got = client.get("/breaks-lines");
  EXPECT_FALSE(got.headers.contains("x-evil"));
  EXPECT_FALSE(got.headers.contains("set-cookie"));
  EXPECT_EQ(got.headers.at("content-length"), "1");
  EXPECT_EQ(client.get("/hello").status, 200);
}

TEST(HttpServer, RefusesBodiesBeyondTheRoutesLimit) {
  RunningServer<Api> server;
  {
    auto client = server.connect();
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n");
    EXPECT_EQ(client.receive().status, 413);
  }
  EXPECT_EQ(server.api.handlers, 0);
  auto client = server.connect();
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "8000\r\n" + std::string(0x8000, 'x') + "\r\n";
  for (int i = 0; i < 20; ++i) client.send(chunk);
  client.send("0\r\n\r\n");
  EXPECT_EQ(client.receive().status, 413);
  EXPECT_TRUE(client.closed_by_server());
}

TEST(HttpServer, ReadsAwayASmallUnreadBodyAndClosesBehindALargeOne) {
  RunningServer<Api> server;
  auto client = server.connect();
  EXPECT_EQ(client.exchange("PUT", "/unread", std::string(60'000, 'x')).status, 200);
  EXPECT_EQ(client.exchange("POST", "/bodyless", std::string(1000, 'x')).status, 200);
  EXPECT_EQ(client.get("/hello").status, 200);
  const auto got = client.exchange("PUT", "/unread", std::string(900'000, 'x'));
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.headers.at("connection"), "close");
  EXPECT_TRUE(client.closed_by_server());
}

TEST(HttpServer, AnswersBrokenChunksTheSameWhateverTheHandlerSays) {
  RunningServer<Api> server;
  auto client = server.connect();
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
  const auto got = client.receive();
  EXPECT_EQ(got.status, 400);
  EXPECT_EQ(got.body, R"({"error":"Bad request","message":"the chunks of the body are malformed"})");
  EXPECT_EQ(got.headers.at("x-content-type-options"), "nosniff");
  EXPECT_TRUE(client.closed_by_server());
}

TEST(HttpServer, AnswersWhatIsNotHttpAndCloses) {
  RunningServer<Api> server;
  for (const std::string_view text :
       {"\x16\x03\x01\x02", "GET / HTTP/1.1\nHost: a\n\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\n"}) {
    auto client = server.connect();
    client.send(text);
    const auto got = client.receive();
    EXPECT_EQ(got.status, 400) << text;
    EXPECT_TRUE(got.body.starts_with(R"({"error":"Bad request","message":")")) << got.body;
    EXPECT_EQ(got.headers.at("x-content-type-options"), "nosniff") << text;
    EXPECT_TRUE(client.closed_by_server());
  }
  EXPECT_TRUE(eventually([&] { return server.server().metrics().connections_open == 0; }));
}

TEST(HttpServer, RefusesHeadersThatAreTooLong) {
  RunningServer<Api> server;
  {
    auto client = server.connect();
    client.send("GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.receive().status, 414);
  }
  auto client = server.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(20'000, 'a') + "\r\n\r\n");
  EXPECT_EQ(client.receive().status, 431);
}

TEST(HttpServer, EndsAHandlerThatTakesTooLong) {
  RunningServer<Api> server(Limits{.request = 200ms});
  auto client = server.connect();
  EXPECT_EQ(client.get("/sleeps").status, 503);
  EXPECT_EQ(client.get("/hello").status, 200);
  EXPECT_EQ(client.get("/sleeps").status, 503);
}

TEST(HttpServer, LetsAHandlerFinishWhenItsClientIsGone) {
  RunningServer<Api> server;
  {
    auto client = server.connect();
    client.send("GET /works HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(eventually([&] { return server.api.handlers == 1; }));
    client.abort();
  }
  server.api.released = true;
  EXPECT_TRUE(eventually([&] { return server.api.finished == 1; }));
  EXPECT_TRUE(eventually([&] { return server.server().metrics().connections_open == 0; }));
}

TEST(HttpServer, ClosesIdleAndSlowConnections) {
  RunningServer<Api> server(Limits{.header = 100ms, .idle = 100ms, .body_stall = 100ms});
  auto silent = server.connect();
  auto idle = server.connect();
  EXPECT_EQ(idle.get("/hello").status, 200);
  auto slow = server.connect();
  slow.send("GET /hello HT");
  auto stalled = server.connect();
  stalled.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na");
  EXPECT_TRUE(silent.closed_by_server());
  EXPECT_TRUE(idle.closed_by_server());
  EXPECT_EQ(slow.receive().status, 408);
  EXPECT_EQ(stalled.receive().status, 408);
  EXPECT_TRUE(eventually([&] { return server.server().metrics().connections_open == 0; }));
}

TEST(HttpServer, LetsRequestsFinishWhenItStops) {
  RunningServer<Api> server;
  auto idle = server.connect();
  EXPECT_EQ(idle.get("/hello").status, 200);
  auto busy = server.connect();
  busy.send("GET /works HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return server.api.handlers == 1; }));
  std::jthread stopper([&] { server.stop(10s); });
  EXPECT_TRUE(idle.closed_by_server());
  server.api.released = true;
  const auto got = busy.receive();
  EXPECT_EQ(got.body, "done");
  EXPECT_EQ(got.headers.at("connection"), "close");
  stopper.join();
  EXPECT_EQ(server.server().metrics().connections_open, 0);
}

TEST(HttpServer, AnswersWhatNewConnectionsSendWhileItStops) {
  RunningServer<Api> server;
  auto busy = server.connect();
  busy.send("GET /works HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return server.api.handlers == 1; }));
  auto idle = server.connect(), fresh = server.connect(), silent = server.connect();
  EXPECT_EQ(idle.get("/hello").status, 200);
  std::jthread stopper([&] { server.stop(10s); });
  EXPECT_TRUE(idle.closed_by_server());
  const auto got = fresh.get("/hello");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.headers.at("connection"), "close");
  EXPECT_TRUE(silent.closed_by_server());
  server.api.released = true;
  EXPECT_EQ(busy.receive().status, 200);
}

TEST(HttpServer, CutsWhatDoesNotFinishInTime) {
  RunningServer<Api> server;
  auto busy = server.connect();
  busy.send("GET /sleeps HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return server.api.handlers == 1; }));
  server.stop(50ms);
  EXPECT_EQ(server.server().metrics().connections_open, 0);
  EXPECT_TRUE(busy.closed_by_server());
}

TEST(HttpServer, TurnsConnectionsAwayBeyondItsLimit) {
  RunningServer<Api> server(Limits{.connections = 2});
  auto one = server.connect();
  auto two = server.connect();
  EXPECT_EQ(one.get("/hello").status, 200);
  EXPECT_EQ(two.get("/hello").status, 200);
  EXPECT_EQ(server.connect().receive().status, 503);
  two.close();
  EXPECT_TRUE(eventually([&] { return server.server().metrics().connections_open == 1; }));
  EXPECT_EQ(server.connect().get("/hello").status, 200);
}

TEST(HttpServer, NamesWhoHoldsItsPort) {
  RunningServer<Api> server({}, {}, 2);
  auto executors = server.threads().executors();
  Server second(executors, server.router(), {}, {}, {});
  const auto bound = second.listen({.port = server.port()});
  ASSERT_FALSE(bound);
  EXPECT_EQ(bound.error().kind(), Kind::conflict);
  EXPECT_NE(bound.error().sentence().find("is taken by http_test (process " + std::to_string(::getpid()) + ")"),
            std::string::npos)
      << bound.error().sentence();
}

TEST(HttpServer, AnyFreePortIsItsOwnFromTheFirstSocketOn) {
  IoThreads threads(2);
  std::atomic<bool> enough = false;
  const auto others = [&] {  // who also lets the kernel choose, as each start beside this one does
    IoThreads own(1);
    while (!enough) EXPECT_TRUE(bind_all({.port = 0}, own.executors()));
  };
  std::jthread first(others), second(others);
  for (int turn = 0; turn < 10'000; ++turn) {
    const auto bound = bind_all({.port = 0}, threads.executors());
    EXPECT_TRUE(bound) << bound.error().sentence();
  }
  enough = true;
}

/// How many of `acceptors` somebody waits at.
std::size_t waited_at(std::vector<asio::ip::tcp::acceptor>& acceptors) {
  std::size_t found = 0;
  for (auto& acceptor : acceptors) {
    pollfd waiting{acceptor.native_handle(), POLLIN, 0};
    found += ::poll(&waiting, 1, 0) == 1 ? 1U : 0U;
  }
  return found;
}

TEST(HttpServer, APortThatIsAskedForIsSpreadOverAllSocketsAndJoinedByNobodyElse) {
  IoThreads threads(3);
  const auto executors = threads.executors();
  const std::vector<Executor> alone{executors.front()};
  const std::uint16_t port = bind_all({.port = 0}, alone).value().front().local_endpoint().port();
  auto bound = bind_all({.port = port}, executors);
  ASSERT_TRUE(bound) << bound.error().sentence();
  ASSERT_EQ(bound->size(), 3U);
  std::vector<testing::RawClient> clients;
  const auto all_have_some = [&] {
    clients.emplace_back("127.0.0.1", port);
    return waited_at(*bound) == 3;
  };
  EXPECT_TRUE(eventually(all_have_some)) << waited_at(*bound) << " have connections";
  EXPECT_EQ(bind_all({.port = port}, executors).error().kind(), Kind::conflict);
  EXPECT_EQ(bind_all({.port = port}, alone).error().kind(), Kind::conflict);
  bound->clear();
  EXPECT_TRUE(bind_all({.port = port}, executors)) << "who waited there does not keep it";
}

TEST(HttpServer, RefusesAddressesThatAreNone) {
  RunningServer<Api> server;
  EXPECT_EQ(server.server().listen({.address = "localhost"}).error().kind(), Kind::invalid);
  EXPECT_EQ(server.server().listen({.address = "192.0.2.1"}).error().kind(), Kind::invalid);
}

TEST(HttpServer, ServesIpv6) {
  RunningServer<Api> server({}, {.address = "::1"});
  EXPECT_EQ(server.connect().get("/what/6").body, "GET /what/6  6 ::1");
}

TEST(HttpServer, SpreadsConnectionsOverItsThreads) {
  RunningServer<Api> server({}, {}, 2);
  std::vector<std::jthread> clients;
  std::atomic<int> good{0};
  for (int i = 0; i < 8; ++i)
    clients.emplace_back([&] {
      for (int n = 0; n < 20; ++n) {
        auto client = server.connect();
        for (int k = 0; k < 5; ++k) good += client.exchange("POST", "/echo", "text").body == "text" ? 1 : 0;
      }
    });
  clients.clear();
  EXPECT_EQ(good, 8 * 20 * 5);
}

}  // namespace
}  // namespace nephele::http
