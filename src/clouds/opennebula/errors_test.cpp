// SPDX-License-Identifier: Apache-2.0
#include "clouds/opennebula/errors.h"

#include <gtest/gtest.h>

namespace nephele::opennebula {
namespace {

struct OnedRow {
  std::int64_t code;
  Kind kind;
};
class OnedErrors : public ::testing::TestWithParam<OnedRow> {};
TEST_P(OnedErrors, HaveAKindAndTheirDetails) {
  const auto error = oned_refused("one.vm.info", {.message = " said so\n", .code = GetParam().code, .object = 7});
  EXPECT_EQ(to_string(error.kind()), to_string(GetParam().kind));
  EXPECT_EQ(error.sentence(), "oned refused one.vm.info: said so");
  EXPECT_EQ(error.detail("system"), "oned");
  EXPECT_EQ(error.detail("call"), "one.vm.info");
  EXPECT_EQ(error.detail("cause"), "refused");
  EXPECT_EQ(error.detail("text"), "said so");
  EXPECT_EQ(error.detail("code"), std::to_string(GetParam().code));
  EXPECT_EQ(error.detail("object"), "7");
}
INSTANTIATE_TEST_SUITE_P(Table, OnedErrors,
                         ::testing::Values(OnedRow{0x0100, Kind::unauthorized}, OnedRow{0x0200, Kind::forbidden},
                                           OnedRow{0x0400, Kind::not_found}, OnedRow{0x0800, Kind::conflict},
                                           OnedRow{0x1000, Kind::invalid}, OnedRow{0x2000, Kind::unavailable},
                                           OnedRow{0x4000, Kind::invalid}, OnedRow{0x8000, Kind::busy},
                                           OnedRow{0x10000, Kind::unavailable}, OnedRow{77, Kind::unavailable}));

struct FlowRow {
  const char* name;
  int status;
  std::string body;
  Kind kind;
  const char* cause;
  const char* text;
};
class FlowErrors : public ::testing::TestWithParam<FlowRow> {};
TEST_P(FlowErrors, HaveAKindAndTheirText) {
  const auto error = oneflow_refused("GET /service/3", GetParam().status, GetParam().body);
  EXPECT_EQ(to_string(error.kind()), to_string(GetParam().kind));
  EXPECT_EQ(error.detail("cause"), GetParam().cause);
  EXPECT_EQ(error.detail("text"), GetParam().text);
  EXPECT_EQ(error.detail("http_status"), std::to_string(GetParam().status));
}
INSTANTIATE_TEST_SUITE_P(
    Table, FlowErrors,
    ::testing::Values(
        FlowRow{"WrongPassword", 401, "Invalid credentials", Kind::unauthorized, "refused", "Invalid credentials"},
        FlowRow{"NotAuthorized", 401, "[one.document.info] User [2] : Not authorized to perform USE DOCUMENT [27].",
                Kind::forbidden, "refused",
                "[one.document.info] User [2] : Not authorized to perform USE DOCUMENT [27]."},
        FlowRow{"SwappedAuthentication", 403, "[one.document.info] User couldn't be authenticated, aborting call.",
                Kind::unauthorized, "refused", "[one.document.info] User couldn't be authenticated, aborting call."},
        FlowRow{"RealForbidden", 403, "no", Kind::forbidden, "refused", "no"},
        FlowRow{"NoSuchService", 404, "[one.document.info] Error getting document [999].", Kind::not_found, "refused",
                "[one.document.info] Error getting document [999]."},
        FlowRow{"Validation", 400, "KEY: 'name' is required;", Kind::invalid, "refused", "KEY: 'name' is required;"},
        FlowRow{"WrongState", 500, "Service cannot be undeployed in state: DEPLOYING", Kind::conflict, "refused",
                "Service cannot be undeployed in state: DEPLOYING"},
        FlowRow{"Trace", 500, R"({"message":"Internal server error","reason":"undefined method `[]'","backtrace":"x"})",
                Kind::unavailable, "refused", "undefined method `[]'"},
        FlowRow{"TraceWithoutReason", 500, R"({"message":"Internal server error"})", Kind::unavailable, "refused",
                "Internal server error"},
        FlowRow{"BrokenJson", 500, R"({"message":)", Kind::unavailable, "refused", R"({"message":)"},
        FlowRow{"PageOfTheFramework", 500, "<h1>Internal Server Error</h1>", Kind::unavailable, "refused", ""},
        FlowRow{"BadGateway", 502, "<html>nginx</html>", Kind::unavailable, "http", ""},
        FlowRow{"GatewayTimeout", 504, "<html>nginx</html>", Kind::timeout, "http", ""},
        FlowRow{"Redirect", 302, "", Kind::unavailable, "http", ""}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(Errors, CutLongTextsBetweenCharacters) {
  std::string text(4095, 'x');
  text += "\u00e9\u00e9\u00e9";
  EXPECT_EQ(oneflow_refused("GET /", 500, text).detail("text"), std::string(4095, 'x') + "...");
}

TEST(Errors, NameAFault) {
  const auto error = oned_fault("one.x", {.code = -506, .message = "Method 'one.x' not defined"});
  EXPECT_EQ(error.kind(), Kind::unavailable);
  EXPECT_EQ(error.detail("cause"), "fault");
  EXPECT_EQ(error.detail("code"), "-506");
  EXPECT_EQ(error.detail("text"), "Method 'one.x' not defined");
}

}  // namespace
}  // namespace nephele::opennebula
