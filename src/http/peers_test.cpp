// SPDX-License-Identifier: Apache-2.0
#include "http/peers.h"

#include <boost/asio/ip/address.hpp>

#include "http/listener.h"
#include "http/server_fixture.h"

namespace nephele::http {
namespace {

struct Api {
  Task<Response> path(Request& request) { co_return text_response(200, request.path); }
  static constexpr Route<Api> routes[] = {{Verb::get, "/a/{b}", Access::open, &Api::path}};
};

TEST(PeerLimits, OneAddressHoldsSoManyConnections) {
  testing::RunningServer<Api> server({.peer = {.connections = 2}});
  auto first = server.connect();
  EXPECT_EQ(first.get("/a/b").status, 200);
  {
    auto second = server.connect();
    EXPECT_EQ(second.get("/a/b").status, 200);
    EXPECT_TRUE(server.connect().closed_by_server());
    EXPECT_EQ(first.get("/a/b").status, 200);
  }
  EXPECT_TRUE(eventually([&] { return server.connect().get("/a/b").status == 200; })) << "a place was given back";
}

TEST(PeerLimits, OneAddressMakesSoManyConnections) {
  testing::RunningServer<Api> server({.peer = {.connects = {.burst = 3, .every = std::chrono::hours(1)}}});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(server.connect().get("/a/b").status, 200);
  EXPECT_TRUE(server.connect().closed_by_server());
}

TEST(PeerLimits, OneAddressMakesSoManyRequestsAndTheRestIsInNoLog) {
  std::atomic<int> answered = 0;
  Listen listen{.answered = [&answered](const Answered& each) { answered += each.status == 200 ? 1 : 100; }};
  testing::RunningServer<Api> server({.peer = {.requests = {.burst = 3, .every = std::chrono::hours(1)}}}, listen);
  auto client = server.connect();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.get("/a/b").status, 200);
  EXPECT_EQ(client.get("/a/b").status, 401) << "as this server's faults have it";
  EXPECT_TRUE(client.closed_by_server());
  server.stop(std::chrono::seconds(2));
  EXPECT_EQ(answered, 3);
}

TEST(PeerLimits, AreCountedForANetworkInIpv6) {
  const auto group = [](const char* text) { return group_of(asio::ip::make_address(text)); };
  EXPECT_EQ(group("10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(group("::ffff:10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(group("2001:db8:1:2:3:4:5:6"), group("2001:db8:1:2::1"));
  EXPECT_NE(group("2001:db8:1:2::1"), group("2001:db8:1:3::1"));
}

TEST(MergedSlashes, AreAListenersChoice) {
  testing::RunningServer<Api> merging({}, {.merge_slashes = true});
  EXPECT_EQ(merging.connect().get("//a///b").body, "/a/b");
  testing::RunningServer<Api> usual;
  EXPECT_EQ(usual.connect().get("/a//b").status, 404);
}

}  // namespace
}  // namespace nephele::http
