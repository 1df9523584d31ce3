// SPDX-License-Identifier: Apache-2.0
#include "http/router.h"

#include <gtest/gtest.h>

#include "http/server_fixture.h"

namespace nephele::http {
namespace {

struct Api {
  Task<Response> any(Request&) { co_return empty_response(204); }
};
constexpr Route<Api> routes[] = {
    {Verb::get, "/", Access::open, &Api::any},
    {Verb::get, "/servers", Access::user, &Api::any},
    {Verb::post, "/servers", Access::user, &Api::any, 1000},
    {Verb::get, "/servers/detail", Access::user, &Api::any},
    {Verb::get, "/servers/{id}", Access::user, &Api::any},
    {Verb::del, "/servers/{id}", Access::user, &Api::any},
    {Verb::get, "/servers/{id}/nics/{nic}", Access::user, &Api::any},
    {Verb::get, "/servers/detail/x", Access::user, &Api::any},
    {Verb::head, "/special", Access::open, &Api::any},
    {Verb::get, "/special", Access::open, &Api::any},
};

struct Case {
  const char* name;
  Verb verb;
  std::string_view path;
  std::string_view route;  // empty: none
  std::vector<std::string> parameters;
  std::string_view allow;
};

class RouterFinds : public ::testing::TestWithParam<Case> {
 protected:
  RouterFinds() { router_.add(api_, std::span<const Route<Api>>(routes)); }
  Api api_;
  testing::PlainFaults faults_;
  Router router_{faults_};
};

TEST_P(RouterFinds, TheRouteAndItsParameters) {
  const auto match = router_.find(GetParam().verb, GetParam().path);
  if (GetParam().route.empty()) {
    EXPECT_EQ(match.entry, nullptr);
    EXPECT_EQ(match.allow, GetParam().allow);
    return;
  }
  ASSERT_NE(match.entry, nullptr);
  EXPECT_EQ(match.entry->path, GetParam().route);
  EXPECT_EQ(match.parameters, GetParam().parameters);
}

INSTANTIATE_TEST_SUITE_P(
    Table, RouterFinds,
    ::testing::Values(
        Case{"Root", Verb::get, "/", "/", {}, ""}, Case{"Collection", Verb::get, "/servers", "/servers", {}, ""},
        Case{"HeadOfAGetRoute", Verb::head, "/servers", "/servers", {}, ""},
        Case{"DoubledSlashesAtTheStart", Verb::get, "///servers", "/servers", {}, ""},
        Case{"DoubledSlashesInside", Verb::get, "/servers//7", "", {}, ""},
        Case{"TrailingSlash", Verb::get, "/servers/", "", {}, ""},
        Case{"LiteralBeforePlaceholder", Verb::get, "/servers/detail", "/servers/detail", {}, ""},
        Case{"LiteralWithoutTheVerb", Verb::del, "/servers/detail", "/servers/{id}", {"detail"}, ""},
        Case{"BackFromADeadEnd", Verb::get, "/servers/detail/nics/3", "/servers/{id}/nics/{nic}", {"detail", "3"}, ""},
        Case{"Placeholder", Verb::get, "/servers/7", "/servers/{id}", {"7"}, ""},
        Case{"Decoded", Verb::get, "/servers/a%2Fb%20c", "/servers/{id}", {"a/b c"}, ""},
        Case{"LiteralEncoded", Verb::get, "/%73ervers", "/servers", {}, ""},
        Case{"MalformedEscape", Verb::get, "/servers/%zz", "", {}, ""},
        Case{"NulEscape", Verb::get, "/servers/%00", "", {}, ""}, Case{"Unknown", Verb::get, "/nothing", "", {}, ""},
        Case{"CaseMatters", Verb::get, "/Servers", "", {}, ""},
        Case{"OtherVerb", Verb::put, "/servers", "", {}, "GET, HEAD, POST"},
        Case{"OtherVerbOfBoth", Verb::put, "/servers/detail", "", {}, "GET, HEAD, DELETE"},
        Case{"NoSlash", Verb::get, "servers", "", {}, ""}, Case{"Asterisk", Verb::options, "*", "", {}, ""},
        Case{"Empty", Verb::get, "", "", {}, ""}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(Router, PrefersAHeadRouteOfItsOwn) {
  Api api;
  testing::PlainFaults faults;
  Router router(faults);
  router.add(api, std::span<const Route<Api>>(routes));
  EXPECT_EQ(router.find(Verb::head, "/special").entry->verb, Verb::head);
  EXPECT_EQ(router.find(Verb::get, "/special").entry->verb, Verb::get);
}

TEST(Router, RefusesTwoRoutesForTheSame) {
  Api api;
  testing::PlainFaults faults;
  Router router(faults);
  constexpr Route<Api> twice[] = {{Verb::get, "/a/{x}", Access::open, &Api::any},
                                  {Verb::get, "/a/{y}", Access::open, &Api::any}};
  EXPECT_THROW(router.add(api, std::span<const Route<Api>>(twice)), std::logic_error);
}

}  // namespace
}  // namespace nephele::http
