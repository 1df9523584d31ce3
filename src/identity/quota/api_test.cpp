// SPDX-License-Identifier: Apache-2.0
#include "identity/quota/api.h"

#include <gtest/gtest.h>

#include "identity/astakos/conventions.h"
#include "identity/quota/testing/quotas_fixture.h"

namespace nephele::identity::quota {
namespace {

using http::Verb;
using testing::member;
using testing::whole;

/// Tokens that mean what they say: "user:ada", "component:cyclades".
class NamedCallers final : public astakos::Callers {
 public:
  Task<Result<astakos::CallingUser>> user(Secret token) override {
    if (token.reveal() == "user:ada") co_return astakos::CallingUser{"ada", {"p1", "p3"}};
    co_return fail(Kind::unauthorized, "Invalid token");
  }
  Task<Result<astakos::CallingComponent>> component(Secret token) override {
    if (token.reveal() == "component:cyclades")
      co_return astakos::CallingComponent{"cyclades", {"cyclades_compute", "cyclades_network"}};
    if (token.reveal() == "component:pithos") co_return astakos::CallingComponent{"pithos", {"pithos_object-store"}};
    co_return fail(Kind::unauthorized, "Authentication expired");
  }
};

struct Answered {
  int status;
  http::Headers headers;
  std::string body;
};

class QuotaApiTest : public testing::QuotasTest {
 protected:
  QuotaApiTest() {
    router.add<QuotaApi>(api, QuotaApi::routes());
    database()
        .write_now([&](sql::Tx& tx) -> Result<> {
          TRY_VOID(quotas.register_resource(tx, {.name = "cyclades.vm",
                                                 .description = "Number of virtual machines",
                                                 .unit = "",
                                                 .service_origin = "cyclades_compute"}));
          TRY_VOID(quotas.register_resource(tx, {.name = "pithos.diskspace",
                                                 .description = "Space",
                                                 .unit = "bytes",
                                                 .service_origin = "pithos_object-store",
                                                 .ui_visible = false}));
          TRY_VOID(quotas.register_resource(tx, {.name = "astakos.pending_app",
                                                 .service_origin = "astakos_account",
                                                 .ui_visible = false,
                                                 .api_visible = false}));
          return {};
        })
        .value();
    limit({{member("ada", "p1", "cyclades.vm"), 5},
           {whole("p1", "cyclades.vm"), 8},
           {member("ada", "p1", "pithos.diskspace"), 100},
           {whole("p1", "pithos.diskspace"), unlimited},
           {member("ada", "p2", "cyclades.vm"), 5},
           {member("ada", "p1", "astakos.pending_app"), 3}});
  }

  Answered send(Verb verb, const std::string& target, const std::string& token, std::string body = {}) {
    http::Request request;
    request.verb = verb;
    request.target = target;
    request.path = target.substr(0, target.find('?'));
    request.query = target.size() == request.path.size() ? "" : target.substr(request.path.size() + 1);
    request.id = "req-1";
    request.deadline = in(std::chrono::seconds{30});
    if (!token.empty()) request.headers.add("X-Auth-Token", token);
    if (!body.empty()) request.headers.add("Content-Type", "application/json");
    const auto reader = http::text_body(std::move(body));
    request.body = reader.get();
    auto match = router.find(verb, request.path);
    request.parameters = std::move(match.parameters);
    http::Response response;
    if (match.entry != nullptr)
      response = loop.run(match.entry->handler->call(request));
    else if (match.allow.empty())
      response = faults.not_found(request);
    else
      response = faults.method_not_allowed(request, match.allow);
    return {response.status, response.headers, std::get<std::string>(response.body)};
  }
  Answered get(const std::string& path, const std::string& token = cyclades) {
    return send(Verb::get, "/account/v1.0/" + path, token);
  }
  Answered post(const std::string& path, const std::string& body, const std::string& token = cyclades) {
    return send(Verb::post, "/account/v1.0/" + path, token, body);
  }
  std::string issued(const std::string& body) {
    const auto answer = post("commissions", body);
    EXPECT_EQ(answer.status, 201) << answer.body;
    const auto parsed = json::parse(answer.body).value();
    const auto* serial = parsed.at_path({"serial"});
    return serial == nullptr ? "0" : std::to_string(serial->integer().value_or(0));
  }

  static constexpr const char* cyclades = "component:cyclades";
  static constexpr const char* pithos = "component:pithos";

  NamedCallers callers;
  QuotaApi api{quotas, callers, {}};
  astakos::AstakosFaults faults;
  http::Router router{faults};
};
INSTANTIATE_TEST_SUITE_P(Engines, QuotaApiTest, sql::testing::all_engines(), sql::testing::engine_name);

const std::string two_machines = R"({"name":"two","provisions":[)"
                                 R"({"holder":"user:ada","source":"project:p1","resource":"cyclades.vm","quantity":2},)"
                                 R"({"holder":"project:p1","source":null,"resource":"cyclades.vm","quantity":2}]})";

TEST_P(QuotaApiTest, ShowsResourcesToEverybody) {
  const auto answer = get("resources", "");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.find("Content-Type"), "application/json; charset=UTF-8");
  EXPECT_EQ(answer.headers.find("Vary"), "X-Auth-Token");
  EXPECT_EQ(answer.body,
            R"({"cyclades.vm":{"service":"cyclades_compute","description":"Number of virtual machines","unit":"",)"
            R"("ui_visible":true,"api_visible":true},)"
            R"("pithos.diskspace":{"service":"pithos_object-store","description":"Space","unit":"bytes",)"
            R"("ui_visible":false,"api_visible":true}})");
}

TEST_P(QuotaApiTest, ShowsAUserHisQuotas) {
  issued(two_machines);
  const std::string expected =
      R"({"p1":{"cyclades.vm":{"usage":2,"limit":5,"pending":2,"project_usage":2,"project_limit":8,)"
      R"("project_pending":2},"pithos.diskspace":{"usage":0,"limit":100,"pending":0,"project_usage":0,)"
      R"("project_limit":9223372036854775807,"project_pending":0}}})";
  EXPECT_EQ(get("quotas", "user:ada").body, expected);
  EXPECT_EQ(get("quotas/", "user:ada").body, expected);
}

TEST_P(QuotaApiTest, ShowsAServiceItsOwnResources) {
  const std::string space =
      R"({"usage":0,"limit":100,"pending":0,"project_usage":0,"project_limit":9223372036854775807,)"
      R"("project_pending":0})";
  EXPECT_EQ(get("service_quotas", pithos).body, R"({"ada":{"p1":{"pithos.diskspace":)" + space + "}}}");
  EXPECT_EQ(get("service_quotas?user=eve,ada", pithos).body, R"({"ada":{"p1":{"pithos.diskspace":)" + space + "}}}");
  EXPECT_EQ(get("service_quotas?project=p2", pithos).body, "{}");
  const std::string machines =
      R"({"usage":0,"limit":5,"pending":0,"project_usage":0,"project_limit":0,"project_pending":0})";
  EXPECT_EQ(get("service_quotas?user=ada&project=p2").body, R"({"ada":{"p2":{"cyclades.vm":)" + machines + "}}}");
  const auto unknown = get("service_quotas?user=eve", pithos);
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.body, R"({"itemNotFound":{"code":404,"message":"No such user 'eve'","details":""}})");
}

TEST_P(QuotaApiTest, ShowsAServiceItsProjects) {
  const std::string expected = R"({"p1":{"cyclades.vm":{"project_usage":0,"project_limit":8,"project_pending":0}}})";
  EXPECT_EQ(get("service_project_quotas").body, expected);
  EXPECT_EQ(get("service_project_quotas?project=p1,p9").body, expected);
  const auto unknown = get("service_project_quotas?project=p9");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.body, R"({"itemNotFound":{"code":404,"message":"No such project 'p9'","details":""}})");
}

TEST_P(QuotaApiTest, IssuesShowsAndResolves) {
  const auto serial = issued(two_machines);
  EXPECT_EQ(get("commissions").body, "[" + serial + "]");
  EXPECT_EQ(get("commissions", pithos).body, "[]");
  EXPECT_EQ(get("commissions/" + serial).body,
            R"({"serial":)" + serial +
                R"(,"issue_time":"2026-03-01T12:00:00.250000+00:00","name":"two","provisions":[)"
                R"({"holder":"project:p1","source":null,"resource":"cyclades.vm","quantity":2},)"
                R"({"holder":"user:ada","source":"project:p1","resource":"cyclades.vm","quantity":2}]})");
  for (const auto& answer : {get("commissions/" + serial, pithos), get("commissions/99999999999999999999"),
                             post("commissions/" + serial + "/action", R"({"accept":""})", pithos),
                             post("commissions/99999999999999999999/action", R"({"accept":""})")}) {
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(answer.body, "");
  }
  const auto accepted = post("commissions/" + serial + "/action", R"({"accept":""})");
  EXPECT_EQ(accepted.status, 200);
  EXPECT_EQ(accepted.body, "");
  EXPECT_EQ(post("commissions/" + serial + "/action/", R"({"reject":""})").status, 404);
  EXPECT_EQ(usage(whole("p1", "cyclades.vm")), (Usage{2, 2}));
  const auto other = issued(two_machines);
  EXPECT_EQ(post("commissions/" + other + "/action/", R"({"reject":null})").status, 200);
  EXPECT_EQ(usage(whole("p1", "cyclades.vm")), (Usage{2, 2}));
  EXPECT_EQ(get("commissions/").body, "[]");
}

TEST_P(QuotaApiTest, AcceptsAtOnceAndForces) {
  EXPECT_NE(issued(R"({"force":true,"auto_accept":true,"provisions":[{"holder":"project:p1","source":null,)"
                   R"("resource":"cyclades.vm","quantity":9}]})"),
            "0");
  EXPECT_EQ(usage(whole("p1", "cyclades.vm")), (Usage{9, 9}));
  EXPECT_EQ(get("commissions").body, "[]");
}

TEST_P(QuotaApiTest, ResolvesInPart) {
  limit({{member("ada", "p1", "cyclades.vm"), 50}});
  const auto a = issued(two_machines);
  const auto b = issued(two_machines);
  const auto c = issued(two_machines);
  EXPECT_EQ(
      post("commissions/action", R"({"accept":[)" + a + "," + c + R"(],"reject":[)" + b + "," + c + ",77777]}").body,
      R"({"accepted":[)" + a + R"(],"rejected":[)" + b + R"(],"failed":[[)" + c +
          R"(,{"badRequest":{"code":400,"message":"cannot both accept and reject serial )" + c +
          R"("}}],[77777,{"itemNotFound":{"code":404,"message":"serial 77777 does not exist"}}]]})");
  EXPECT_EQ(get("commissions").body, "[" + c + "]");
  EXPECT_EQ(post("commissions/action/", "{}").body, R"({"accepted":[],"rejected":[],"failed":[]})");
}

struct RefusedCase {
  const char* name;
  std::string provision;
  int status;
  std::string body;
};
TEST_P(QuotaApiTest, TellsWhichProvisionWasRefusedAndWhy) {
  const std::string machines = R"("resource":"cyclades.vm")";
  const std::vector<RefusedCase> cases{
      {"over the limit", R"({"holder":"user:ada","source":"project:p1",)" + machines + R"(,"quantity":6})", 413,
       R"({"overLimit":{"code":413,"message":"user:ada has not enough capacity of cyclades.vm: 0 of 5 in use, 6 )"
       R"(more wanted","data":{"name":"NoCapacityError","provision":{"holder":"user:ada","source":"project:p1",)"
       R"("resource":"cyclades.vm","quantity":6},"limit":5,"usage":0}}})"},
      {"release", R"({"holder":"project:p1","source":null,)" + machines + R"(,"quantity":-1})", 413,
       R"({"overLimit":{"code":413,"message":"project:p1 attempts to release more cyclades.vm than it contains: -1 )"
       R"(wanted, 0 in use","data":{"name":"NoQuantityError","provision":{"holder":"project:p1","source":null,)"
       R"("resource":"cyclades.vm","quantity":-1},"limit":0,"usage":0}}})"},
      {"no holding", R"({"holder":"user:eve","source":"project:p1",)" + machines + R"(,"quantity":1})", 404,
       R"({"itemNotFound":{"code":404,"message":"there is no holding of cyclades.vm for user:eve from project:p1; see )"
       R"(what it has in its quotas","data":{"name":"NoHoldingError","provision":{"holder":"user:eve",)"
       R"("source":"project:p1","resource":"cyclades.vm","quantity":1}}}})"}};
  for (const auto& row : cases) {
    const auto answer = post("commissions", R"({"provisions":[)" + row.provision + "]}");
    EXPECT_EQ(answer.status, row.status) << row.name;
    EXPECT_EQ(answer.body, row.body) << row.name;
  }
}

struct BadCase {
  std::string path, body, message;
};
TEST_P(QuotaApiTest, RefusesMalformedBodies) {
  const auto provision = [](const std::string& text) { return R"({"provisions":[)" + text + "]}"; };
  const auto malformed = [](const std::string& text) { return "Malformed provision " + text; };
  const std::string whole_one = R"({"holder":"a","source":null,"resource":"c","quantity":1})";
  std::vector<BadCase> cases{
      {"commissions", "{}", "Provisions are missing."},
      {"commissions", R"({"provisions":{}})", "Provisions should be a list."},
      {"commissions", R"({"provisions":[],"force":1})", "\"force\" option should be a boolean."},
      {"commissions", R"({"provisions":[],"auto_accept":"no"})", "\"auto_accept\" option should be a boolean."},
      {"commissions", R"({"provisions":[],"name":7})", "Commission name should be a string."},
      {"commissions", "[]", "Request body should be a JSON object"},
      {"commissions", "{", "Could not decode request body as JSON"},
      {"commissions/1/action", "{}", "Specify either accept or reject action."},
      {"commissions/1/action", R"({"accept":"","reject":""})", "Specify either accept or reject action."},
      {"commissions/one/action", R"({"accept":""})", "Serial should be an integer."},
      {"commissions/-1/action", R"({"accept":""})", "Serial should be an integer."},
      {"commissions/action", R"({"accept":1})", R"("accept" and "reject" should reference lists of serials.)"},
      {"commissions/action", R"({"reject":null})", R"("accept" and "reject" should reference lists of serials.)"},
      {"commissions/action", R"({"reject":["1"]})", "Serials should be integer."},
      {"commissions/action", R"({"accept":[1.5]})", "Serials should be integer."}};
  for (const std::string bad :
       {"7", "null", R"({"source":"b","resource":"c","quantity":1})", R"({"holder":"a","resource":"c","quantity":1})",
        R"({"holder":"a","source":"b","quantity":1})", R"({"holder":"a","source":"b","resource":"c"})",
        R"({"holder":null,"source":"b","resource":"c","quantity":1})",
        R"({"holder":"a","source":5,"resource":"c","quantity":1})",
        R"({"holder":"a","source":"b","resource":"c","quantity":"1"})",
        R"({"holder":"a","source":"b","resource":"c","quantity":true})",
        R"({"holder":"a","source":"b","resource":"c","quantity":1.0})",
        R"({"holder":"a","source":"b","resource":"c","quantity":9223372036854775808})"})
    cases.push_back({"commissions", provision(whole_one + "," + bad), malformed(bad)});
  for (const auto& row : cases) {
    const auto answer = post(row.path, row.body);
    EXPECT_EQ(answer.status, 400) << row.body;
    const auto fault = json::parse(answer.body).value();
    EXPECT_EQ(fault.text_at({"badRequest", "message"}), row.message);
  }
  EXPECT_EQ(get("commissions").body, "[]");
}

TEST_P(QuotaApiTest, SurvivesOddTexts) {
  for (const std::string odd : {R"(\u0000)", R"(\ud800)", R"('; DROP TABLE identity_holding; --)", R"(\u00e9)"}) {
    const auto answer = post("commissions", R"({"name":")" + odd + R"(","provisions":[{"holder":")" + odd +
                                                R"(","source":null,"resource":"cyclades.vm","quantity":1}]})");
    EXPECT_TRUE(answer.status == 400 || answer.status == 404) << answer.status << answer.body;
    EXPECT_LT(get("service_quotas?user=%ff%00,x").status, 500);
  }
}

TEST_P(QuotaApiTest, AsksWhoCallsBeforeItReadsTheBody) {
  for (const auto& [path, verb] : std::vector<std::pair<std::string, Verb>>{{"quotas", Verb::get},
                                                                            {"service_quotas", Verb::get},
                                                                            {"service_project_quotas", Verb::get},
                                                                            {"commissions", Verb::get},
                                                                            {"commissions", Verb::post},
                                                                            {"commissions/1", Verb::get},
                                                                            {"commissions/1/action", Verb::post},
                                                                            {"commissions/action", Verb::post}}) {
    const auto none = send(verb, "/account/v1.0/" + path, "", verb == Verb::post ? "{" : "");
    EXPECT_EQ(none.status, 401) << path;
    EXPECT_EQ(none.body,
              R"({"unauthorized":{"code":401,"message":"Access denied. No authentication token","details":""}})");
    const auto other = send(verb, "/account/v1.0/" + path, path == "quotas" ? cyclades : "user:ada", "{");
    EXPECT_EQ(other.status, 401) << path;
    EXPECT_EQ(json::parse(other.body)->text_at({"unauthorized", "message"}),
              path == "quotas" ? "Invalid token" : "Authentication expired");
  }
}

TEST_P(QuotaApiTest, KnowsItsMethods) {
  const auto wrong = send(Verb::put, "/account/v1.0/commissions", cyclades, "{}");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers.find("Allow"), "GET, HEAD, POST");
  EXPECT_EQ(send(Verb::post, "/account/v1.0/quotas", "user:ada", "{}").status, 405);
  EXPECT_EQ(get("nothing").status, 400);
}

}  // namespace
}  // namespace nephele::identity::quota
