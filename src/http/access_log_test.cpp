// SPDX-License-Identifier: Apache-2.0
#include <mutex>

#include "base/clock.h"
#include "http/server_fixture.h"

namespace nephele::http {
namespace {

class Lines final : public log::Sink {
 public:
  explicit Lines(std::vector<std::string>& into, std::mutex& mutex) : into_(into), mutex_(mutex) {}
  void write(const log::Event& event) noexcept override {
    const std::lock_guard lock(mutex_);
    into_.push_back(log::format_line(event));
  }

 private:
  std::vector<std::string>& into_;
  std::mutex& mutex_;
};

struct Api {
  Task<Response> who(Request& request) { co_return text_response(200, request.remote + " " + request.peer); }
  Task<Response> throws(Request&) {
    if (routes[0].body_bytes_max == 0) throw std::runtime_error("disk on fire");
    co_return empty_response(204);
  }
  static constexpr Route<Api> routes[] = {
      {Verb::get, "/who", Access::open, &Api::who},
      {Verb::get, "/runtimes/{id}", Access::open, &Api::who},
      {Verb::get, "/tokens/{secret:token}", Access::open, &Api::who},
      {Verb::get, "/tokens/{secret:token}/roles/{id}", Access::open, &Api::throws},
      {Verb::post, "/tokens/revoke", Access::open, &Api::who},
      {Verb::get, "/throws", Access::open, &Api::throws},
  };
};

class HttpLog : public ::testing::Test {
 protected:
  HttpLog() { logging_.add(std::make_unique<Lines>(lines_, mutex_)); }
  std::string line_with(std::string_view part) {
    std::string found;
    eventually([&] {
      const std::lock_guard lock(mutex_);
      for (const auto& line : lines_)
        if (line.find(part) != std::string::npos) found = line;
      return !found.empty();
    });
    return found;
  }
  std::mutex mutex_;
  std::vector<std::string> lines_;
  SystemClock clock_;
  log::Logging logging_{clock_};
};

TEST_F(HttpLog, HasOneEventForARequestWithoutItsSecrets) {
  testing::RunningServer<Api> server({}, {}, 1, logging_.logger("http"), logging_.logger("http"));
  auto client = server.connect();
  client.send("GET /who?token=hush HTTP/1.1\r\nHost: a\r\nAuthorization: Basic aHVzaA==\r\n\r\n");
  const auto got = client.receive();
  const auto line = line_with("http.request");
  EXPECT_NE(line.find("method=GET path=/who status=200 bytes=19 ms="), std::string::npos) << line;
  EXPECT_NE(line.find("remote=127.0.0.1 request=" + got.headers.at("x-request-id")), std::string::npos) << line;
  EXPECT_EQ(line.find("hush"), std::string::npos);
  EXPECT_EQ(line.find("aHVzaA"), std::string::npos);
}

TEST_F(HttpLog, HasTheCauseOfAFaultUnderItsId) {
  testing::RunningServer<Api> server({}, {}, 1, {}, logging_.logger("http"));
  const auto got = server.connect().get("/throws");
  const auto line = line_with("http.handler_threw");
  EXPECT_NE(line.find("request=" + got.headers.at("x-request-id")), std::string::npos) << line;
  EXPECT_NE(line.find("disk on fire"), std::string::npos) << line;
}

struct ShownCase {
  const char* name;
  std::string request, shown;
};
class ShownPath : public HttpLog, public ::testing::WithParamInterface<ShownCase> {};
TEST_P(ShownPath, HoldsIdsAndNoSecrets) {
  testing::RunningServer<Api> server({}, {}, 1, logging_.logger("http"), logging_.logger("http"));
  auto client = server.connect();
  client.send(GetParam().request + " HTTP/1.1\r\nHost: a\r\n\r\n");
  (void)client.receive();
  const auto line = line_with("http.request");
  EXPECT_NE(line.find(" path=" + GetParam().shown + " status="), std::string::npos) << line;
  const std::lock_guard lock(mutex_);
  for (const auto& other : lines_) EXPECT_EQ(other.find("hush"), std::string::npos) << other;
}
INSTANTIATE_TEST_SUITE_P(
    Table, ShownPath,
    ::testing::Values(ShownCase{"Id", "GET /runtimes/17", "/runtimes/17"},
                      ShownCase{"Secret", "GET /tokens/hush", "/tokens/{token}"},
                      ShownCase{"SlashesInFront", "GET ///tokens/hush", "/tokens/{token}"},
                      ShownCase{"LiteralWrittenOtherwise", "GET /t%6Fkens/hush", "/t%6Fkens/{token}"},
                      ShownCase{"BrokenCode", "GET /tokens/hush%zz", "/tokens/{token}"},
                      ShownCase{"OfAHandlerThatThrows", "GET /tokens/hush/roles/3", "/tokens/{token}/roles/3"},
                      ShownCase{"WrongMethod", "DELETE /tokens/hush", "/tokens/{token}"},
                      ShownCase{"NoRoute", "GET /tokens/hush/what/3", "/tokens/{token}/what/3"},
                      ShownCase{"SlashBehind", "GET /tokens/hush/", "/tokens/{token}/"},
                      ShownCase{"LiteralBeside", "POST /tokens/revoke", "/tokens/revoke"},
                      ShownCase{"OtherPath", "GET /elsewhere/3", "/elsewhere/3"}),
    [](const auto& info) { return std::string(info.param.name); });

struct ForwardedCase {
  const char* name;
  std::vector<std::string> trusted;
  std::string fields;
  std::string remote;
};
class ForwardedFor : public ::testing::TestWithParam<ForwardedCase> {};
TEST_P(ForwardedFor, IsBelievedFromTrustedProxiesOnly) {
  testing::RunningServer<Api> server({}, {.trusted_proxies = GetParam().trusted});
  auto client = server.connect();
  client.send("GET /who HTTP/1.1\r\nHost: a\r\n" + GetParam().fields + "\r\n");
  EXPECT_EQ(client.receive().body, GetParam().remote + " 127.0.0.1");
}
INSTANTIATE_TEST_SUITE_P(
    Table, ForwardedFor,
    ::testing::Values(
        ForwardedCase{"NobodyTrusted", {}, "X-Forwarded-For: 9.9.9.9\r\n", "127.0.0.1"},
        ForwardedCase{"OtherTrusted", {"10.0.0.1"}, "X-Forwarded-For: 9.9.9.9\r\n", "127.0.0.1"},
        ForwardedCase{"Trusted", {"127.0.0.1"}, "X-Forwarded-For: 9.9.9.9\r\n", "9.9.9.9"},
        ForwardedCase{"ForgedOnTheLeft", {"127.0.0.1"}, "X-Forwarded-For: 1.1.1.1, 9.9.9.9\r\n", "9.9.9.9"},
        ForwardedCase{
            "TwoProxies", {"127.0.0.1", "10.0.0.1"}, "X-Forwarded-For: 1.1.1.1, 9.9.9.9 ,10.0.0.1\r\n", "9.9.9.9"},
        ForwardedCase{
            "TwoFields", {"127.0.0.1"}, "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2001:db8::1\r\n", "2001:db8::1"},
        ForwardedCase{"NoAddress", {"127.0.0.1"}, "X-Forwarded-For: evil\r\n", "127.0.0.1"},
        ForwardedCase{"Nothing", {"127.0.0.1"}, "", "127.0.0.1"}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace nephele::http
