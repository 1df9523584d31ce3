// SPDX-License-Identifier: Apache-2.0
#include "identity/astakos/conventions.h"

#include <gtest/gtest.h>

#include <set>

#include "base/test_run.h"

namespace nephele::identity::astakos {
namespace {

using http::Request;
using http::Response;
using http::Verb;

std::string body_of(const Response& response) {
  return std::get<std::string>(response.body);
}

TEST(AstakosFault, HasTheNamesAndStatusesOfTheContract) {
  const std::vector<std::pair<std::string, int>> contract{{"notModified", 304},
                                                          {"badRequest", 400},
                                                          {"unauthorized", 401},
                                                          {"forbidden", 403},
                                                          {"notAllowed", 405},
                                                          {"itemNotFound", 404},
                                                          {"conflict", 409},
                                                          {"lengthRequired", 411},
                                                          {"preconditionFailed", 412},
                                                          {"requestEntityTooLarge", 413},
                                                          {"overLimit", 413},
                                                          {"badMediaType", 415},
                                                          {"rangeNotSatisfiable", 416},
                                                          {"unprocessableEntity", 422},
                                                          {"internalServerError", 500},
                                                          {"notImplemented", 501},
                                                          {"serviceUnavailable", 503}};
  for (std::size_t i = 0; i < contract.size(); ++i) {
    const auto name = static_cast<FaultName>(i);
    EXPECT_EQ(to_string(name), contract[i].first);
    EXPECT_EQ(status_of(name), contract[i].second) << contract[i].first;
  }
}

TEST(AstakosFault, IsAnObjectUnderItsNameOrTheSameInXml) {
  const Fault fault{FaultName::item_not_found, "no \"<web>\" & co"};
  const auto json = fault_answer(fault, Format::json);
  EXPECT_EQ(json.status, 404);
  EXPECT_EQ(body_of(json), R"({"itemNotFound":{"code":404,"message":"no \"<web>\" & co","details":""}})");
  EXPECT_EQ(json.headers.find("Content-Type"), "application/json; charset=UTF-8");
  const auto xml = fault_answer(fault, Format::xml);
  EXPECT_EQ(xml.status, 404);
  EXPECT_EQ(body_of(xml),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<itemNotFound code=\"404\"><message>no \"&lt;web&gt;\" &amp; "
            "co</message><details></details></itemNotFound>");
  EXPECT_EQ(xml.headers.find("Content-Type"), "application/xml; charset=UTF-8");
}

TEST(AstakosFault, CarriesDataInPlaceOfDetails) {
  json::Object data;
  data.append("name", "NoHoldingError");
  EXPECT_EQ(body_of(fault_answer({FaultName::item_not_found, "none", data}, Format::json)),
            R"({"itemNotFound":{"code":404,"message":"none","data":{"name":"NoHoldingError"}}})");
}

struct ErrorCase {
  Kind kind;
  int status;
  const char* message;
};
class AstakosError : public testing::TestWithParam<ErrorCase> {};
TEST_P(AstakosError, BecomesAFaultThatTellsNothingOfOurInsides) {
  const auto fault = fault_from(Error(GetParam().kind, "why"));
  EXPECT_EQ(status_of(fault.name), GetParam().status);
  EXPECT_EQ(fault.message, GetParam().message);
}
constexpr const char* later = "The service is unavailable; try again in a moment";
INSTANTIATE_TEST_SUITE_P(Table, AstakosError,
                         testing::Values(ErrorCase{Kind::invalid, 400, "why"},
                                         ErrorCase{Kind::unauthorized, 401, "why"},
                                         ErrorCase{Kind::forbidden, 403, "why"}, ErrorCase{Kind::not_found, 404, "why"},
                                         ErrorCase{Kind::conflict, 409, "why"}, ErrorCase{Kind::over_quota, 413, "why"},
                                         ErrorCase{Kind::busy, 503, "why"}, ErrorCase{Kind::unavailable, 503, later},
                                         ErrorCase{Kind::timeout, 503, later},
                                         ErrorCase{Kind::internal, 500, "Unexpected error"}),
                         [](const auto& info) { return std::string(to_string(info.param.kind)); });

TEST(AstakosAnswer, IsNeverCachedAndDependsOnTheToken) {
  for (const auto& answer : {json_answer(200, "{}"), xml_answer(200, "<a/>"), empty_answer(404),
                             fault_answer({FaultName::conflict, ""}, Format::json)}) {
    EXPECT_EQ(answer.headers.find("Cache-Control"), "no-cache, no-store, must-revalidate, max-age=0");
    EXPECT_EQ(answer.headers.find("Vary"), "X-Auth-Token");
  }
}

struct FormatCase {
  const char* name;
  std::string path, query, accept;
  Format format;
};
class AskedFormat : public testing::TestWithParam<FormatCase> {};
TEST_P(AskedFormat, IsTakenFromQueryThenSuffixThenAccept) {
  Request request;
  request.path = GetParam().path;
  request.query = GetParam().query;
  if (!GetParam().accept.empty()) request.headers.add("Accept", GetParam().accept);
  EXPECT_EQ(format_of(request), GetParam().format);
}
INSTANTIATE_TEST_SUITE_P(
    Table, AskedFormat,
    testing::Values(FormatCase{"Nothing", "/a", "", "", Format::json},
                    FormatCase{"QueryBeforeSuffix", "/a.json", "x=1&format=xml", "application/json", Format::xml},
                    FormatCase{"UnknownQuery", "/a.xml", "format=yaml", "", Format::xml},
                    FormatCase{"SuffixBeforeAccept", "/a.json", "", "application/xml", Format::json},
                    FormatCase{"Accept", "/a", "", "text/html, application/xml;q=0.9, */*", Format::xml},
                    FormatCase{"FirstOfAccept", "/a", "", "application/json,application/xml", Format::json},
                    FormatCase{"OtherAccept", "/a", "", "text/html", Format::json},
                    FormatCase{"OddAccept", "/a", "", ",;,;q", Format::json}),
    [](const auto& info) { return std::string(info.param.name); });

struct TokenCase {
  const char* name;
  Verb verb;
  std::string query;
  std::optional<std::string> header;
  TokenIn where;
  std::string token;  ///< empty: refused
};
class Token : public testing::TestWithParam<TokenCase> {};
TEST_P(Token, IsTakenFromTheHeaderAndWhereAllowedFromTheQuery) {
  Request request;
  request.verb = GetParam().verb;
  request.query = GetParam().query;
  if (GetParam().header) request.headers.add("X-Auth-Token", *GetParam().header);
  const auto token = token_of(request, GetParam().where);
  if (!GetParam().token.empty()) {
    ASSERT_TRUE(token);
    EXPECT_EQ(token->reveal(), GetParam().token);
    return;
  }
  ASSERT_FALSE(token);
  EXPECT_EQ(body_of(fault_answer(token.error(), Format::json)),
            R"({"unauthorized":{"code":401,"message":"Access denied. No authentication token","details":""}})");
}
INSTANTIATE_TEST_SUITE_P(
    Table, Token,
    testing::Values(TokenCase{"Header", Verb::post, "", "t1", TokenIn::header, "t1"},
                    TokenCase{"None", Verb::get, "", std::nullopt, TokenIn::header_or_query, ""},
                    TokenCase{"Empty", Verb::get, "X-Auth-Token=", "", TokenIn::header_or_query, ""},
                    TokenCase{"QueryWins", Verb::get, "X-Auth-Token=t%2D2", "t1", TokenIn::header_or_query, "t-2"},
                    TokenCase{"QueryOfAPost", Verb::post, "X-Auth-Token=t2", std::nullopt, TokenIn::header_or_query,
                              ""},
                    TokenCase{"QueryElsewhere", Verb::get, "X-Auth-Token=t2", std::nullopt, TokenIn::header, ""}),
    [](const auto& info) { return std::string(info.param.name); });

struct BodyCase {
  const char* name;
  std::optional<std::string> type;
  std::string body;
  int status;  ///< 200: taken
  std::string message;
};
class AstakosBody : public testing::TestWithParam<BodyCase> {};
TEST_P(AstakosBody, IsAJsonObjectOfTheRightType) {
  Request request;
  request.verb = Verb::post;
  if (GetParam().type) request.headers.add("Content-Type", *GetParam().type);
  const auto reader = http::text_body(GetParam().body);
  request.body = reader.get();
  const auto body = run_to_end(json_object_body(request, 64));
  if (GetParam().status == 200) {
    ASSERT_TRUE(body) << body.error().message;
    EXPECT_EQ(json::write(*body), GetParam().body);
    return;
  }
  ASSERT_FALSE(body);
  EXPECT_EQ(status_of(body.error().name), GetParam().status);
  EXPECT_EQ(body.error().message, GetParam().message);
}
constexpr const char* undecodable = "Could not decode request body as JSON";
INSTANTIATE_TEST_SUITE_P(
    Table, AstakosBody,
    testing::Values(BodyCase{"Plain", "application/json", R"({"a":1})", 200, ""},
                    BodyCase{"WithCharset", "Application/JSON; charset=UTF-8", R"({"a":1})", 200, ""},
                    BodyCase{"NoType", std::nullopt, R"({"a":1})", 400, "Missing Content-Type header field"},
                    BodyCase{"EmptyType", "", R"({"a":1})", 400, "Missing Content-Type header field"},
                    BodyCase{"OtherType", "text/plain", R"({"a":1})", 400, "Unsupported Content-type: 'text/plain'"},
                    BodyCase{"ShortType", "app", R"({"a":1})", 400, "Unsupported Content-type: 'app'"},
                    BodyCase{"BadJson", "application/json", "{\"a\":", 400, undecodable},
                    BodyCase{"NoBody", "application/json", "", 400, undecodable},
                    BodyCase{"BadUtf8", "application/json", "{\"a\":\"\xFF\"}", 400, undecodable},
                    BodyCase{"TooDeep", "application/json", std::string(60, '['), 400, undecodable},
                    BodyCase{"NoObject", "application/json", "[1]", 400, "Request body should be a JSON object"},
                    BodyCase{"TooLong", "application/json", std::string(65, ' '), 413,
                             "Request body too large; send at most 64 bytes"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(AstakosFaults, AnswersForPathsThatNobodyServes) {
  const AstakosFaults faults("/astakos");
  const auto status = [&](const std::string& path) {
    Request request;
    request.path = path;
    return faults.not_found(request).status;
  };
  EXPECT_EQ(status("/astakos/account/v1.0/nothing"), 400);
  EXPECT_EQ(status("/astakos/identity"), 400);
  EXPECT_EQ(status("/account/v2.0/"), 400);
  EXPECT_EQ(status("/astakos/accounting"), 404);
  EXPECT_EQ(status("/"), 404);
  Request request;
  request.path = "/account/v1.0/x.xml";
  EXPECT_EQ(body_of(AstakosFaults().not_found(request)),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<badRequest code=\"400\"><message>API endpoint not "
            "found</message><details></details></badRequest>");
}

TEST(AstakosFaults, NamesTheMethodsThatAreAllowed) {
  const auto answer = AstakosFaults().method_not_allowed({}, "GET, HEAD");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.headers.find("Allow"), "GET, HEAD");
  EXPECT_EQ(body_of(answer), R"({"notAllowed":{"code":405,"message":"Method not allowed","details":""}})");
}

TEST(AstakosFaults, HidesWhatBroke) {
  EXPECT_EQ(body_of(AstakosFaults().internal({})),
            R"({"internalServerError":{"code":500,"message":"Unexpected error","details":""}})");
  EXPECT_EQ(AstakosFaults().timed_out({}).status, 503);
  EXPECT_EQ(AstakosFaults().refused({}, Error(Kind::forbidden, "not you")).status, 403);
  EXPECT_EQ(AstakosFaults().too_large({}, 10).status, 413);
}

TEST(AstakosXml, HoldsAnyText) {
  EXPECT_EQ(xml_text("a\x01<\xFF>&\r\n\xEF\xBF\xBE\xC3\xA9"),
            "a\xEF\xBF\xBD&lt;\xEF\xBF\xBD&gt;&amp;&#13;\n\xEF\xBF\xBD\xC3\xA9");
}

TEST(AstakosTimestamp, HasMicrosecondsAndTheOffset) {
  EXPECT_EQ(timestamp(from_ms(1772366400250)), "2026-03-01T12:00:00.250000+00:00");
}

struct Nothing {
  Task<Response> get(Request&) { co_return Response{}; }
};
TEST(AstakosRoutes, MatchWithAndWithoutTheLastSlash) {
  static constexpr auto routes = slash_optional(
      std::array<http::Route<Nothing>, 1>{{{Verb::get, "/account/v1.0/quotas/", http::Access::late, &Nothing::get}}});
  const AstakosFaults faults;
  http::Router router(faults);
  Nothing api;
  router.add<Nothing>(api, routes);
  EXPECT_NE(router.find(Verb::get, "/account/v1.0/quotas").entry, nullptr);
  EXPECT_NE(router.find(Verb::get, "/account/v1.0/quotas/").entry, nullptr);
  EXPECT_EQ(router.find(Verb::get, "/account/v1.0/quotas//").entry, nullptr);
}

}  // namespace
}  // namespace nephele::identity::astakos
