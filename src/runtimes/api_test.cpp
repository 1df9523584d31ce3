// SPDX-License-Identifier: Apache-2.0
#include "runtimes/api.h"

#include <gtest/gtest.h>

#include "nephele_version.h"
#include "runtimes/schema.h"
#include "runtimes/testing/api_fixture.h"

namespace nephele::runtimes {
namespace {

using http::Verb;
using testing::ApiCaller;
using testing::ApiTest;
using testing::minimal;

TEST_F(ApiTest, CreatesReadsUpdatesAndDeletes) {
  const std::string shown =
      R"({"SERVERLESS_RUNTIME":{"NAME":"made-up","ID":2,"FAAS":{"FLAVOUR":"nature","VM_ID":7,"STATE":"PENDING",)"
      R"("CPU":1,"MEMORY":128,"DISK_SIZE":256,"ENDPOINT":"127.96.0.1"},"SCHEDULING":{},"DEVICE_INFO":{},"SERVICE_ID":1}})";
  const auto created = post(minimal);
  EXPECT_EQ(created.status, 201);
  EXPECT_EQ(created.body, shown);
  EXPECT_EQ(created.headers.find("Content-Type"), "application/json");
  EXPECT_EQ(created.headers.find("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(created.headers.find("Location"), "/serverless-runtimes/2");
  const auto read = get("/serverless-runtimes/2");
  EXPECT_EQ(read.status, 200);
  EXPECT_EQ(read.body, shown);
  const auto updated = put("/serverless-runtimes/2", minimal);
  EXPECT_EQ(updated.status, 200);
  EXPECT_EQ(updated.body, shown);
  const auto removed = del("/serverless-runtimes/2");
  EXPECT_EQ(removed.status, 204);
  EXPECT_EQ(removed.body, "");
  EXPECT_FALSE(removed.headers.find("Content-Type"));
  EXPECT_EQ(get("/serverless-runtimes/2").status, 404);
  EXPECT_EQ(del("/serverless-runtimes/2").status, 404);
}

struct HeaderCase {
  const char* name;
  std::optional<std::string> authorization;
  int status;
  std::string body;
};
class AuthorizationHeader : public ApiTest, public ::testing::WithParamInterface<HeaderCase> {};

TEST_P(AuthorizationHeader, IsJudgedFirst) {
  ApiCaller::Headers headers;
  if (GetParam().authorization) headers.emplace_back("Authorization", *GetParam().authorization);
  for (const auto& answer : {post("{bad", headers), put("/serverless-runtimes/x", "{bad", headers),
                             get("/serverless-runtimes/99", headers), del("/serverless-runtimes/99", headers),
                             get("/serverless-runtimes", headers), get("/serverless-runtimes/99/events", headers)}) {
    EXPECT_EQ(answer.status, GetParam().status);
    EXPECT_EQ(answer.body, GetParam().body);
    EXPECT_FALSE(answer.headers.find("WWW-Authenticate"));
  }
}

const std::string absent = R"({"error":"Authentication required","message":""})";
std::string other_scheme(const std::string& shown) {
  return R"({"error":"Unsupported authentication scheme","message":")" + shown + "\"}";
}

INSTANTIATE_TEST_SUITE_P(Table, AuthorizationHeader,
                         ::testing::Values(HeaderCase{"Absent", std::nullopt, 401, absent},
                                           HeaderCase{"Bearer", "Bearer abcdef", 401, other_scheme("Bearer")},
                                           HeaderCase{"BareBasic", "Basic", 401, other_scheme("Basic")},
                                           HeaderCase{"OnlyACredential", "YWRhOnBhc3M6d29yZA==", 401, other_scheme("")},
                                           HeaderCase{"OddScheme", "s3cr3t! more", 401, other_scheme("")}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_F(ApiTest, LetsWhoeverKnowsTheUsersJudgeMalformedCredentials) {
  for (const auto* field : {"Basic ====", "Basic YWRh", "Basic YWRhOgA="}) {  // nothing; ada; ada and a NUL
    const ApiCaller::Headers headers{{"Authorization", field}};
    EXPECT_EQ(post("{bad", headers).status, 400) << field;
    EXPECT_EQ(post(minimal, headers).body, R"({"error":"Failed to get list of service templates",)"
                                           R"("message":"Invalid credentials"})")
        << field;
    for (const auto& answer :
         {post(minimal, headers), get("/serverless-runtimes/2", headers), del("/serverless-runtimes/2", headers),
          get("/serverless-runtimes", headers), put("/serverless-runtimes/2", minimal, headers)})
      EXPECT_EQ(answer.status, 401) << field;
  }
}

TEST_F(ApiTest, TakesTheSchemeWithoutCase) {
  auto headers = ApiCaller::as("ada");
  headers[0].second.replace(0, 5, "bAsIc");
  EXPECT_EQ(post(minimal, headers).status, 201);
}

TEST_F(ApiTest, KeepsTheOrderOfChecks) {
  const auto wrong = ApiCaller::as("ada", "wrong");
  EXPECT_EQ(post("{bad", wrong).status, 400);
  EXPECT_EQ(post("{}", wrong).status, 400) << "the schema before the password";
  const auto unknown = post(minimal, wrong);
  EXPECT_EQ(unknown.status, 401);
  EXPECT_EQ(unknown.body, R"({"error":"Failed to get list of service templates","message":"Invalid credentials"})");
  EXPECT_EQ(put("/serverless-runtimes/99", "{bad", wrong).status, 400);
  const auto denied = put("/serverless-runtimes/99", "{}", wrong);
  EXPECT_EQ(denied.status, 401);
  EXPECT_EQ(denied.body, R"({"error":"Failed to read Serverless Runtime Document","message":"Invalid credentials"})");
  EXPECT_EQ(put("/serverless-runtimes/2147483647", "{}").status, 404) << "the runtime before the schema";
  post(minimal);
  const auto violated = put("/serverless-runtimes/2", "{}");
  EXPECT_EQ(violated.status, 400);
  EXPECT_EQ(violated.body,
            R"({"error":"Invalid Serverless Runtime specification",)"
            R"("message":"The property '#/' did not contain a required property of 'SERVERLESS_RUNTIME'"})");
  EXPECT_EQ(get("/serverless-runtimes/2", wrong).status, 401);
  EXPECT_EQ(del("/serverless-runtimes/2", wrong).status, 401);
}

TEST_F(ApiTest, ShowsNobodyWhatBelongsToAnother) {
  post(minimal);
  for (const auto& answer : {get("/serverless-runtimes/2", ApiCaller::as("bob")),
                             put("/serverless-runtimes/2", minimal, ApiCaller::as("bob")),
                             del("/serverless-runtimes/2", ApiCaller::as("bob"))}) {
    EXPECT_EQ(answer.status, 403);
    EXPECT_EQ(answer.body,
              R"({"error":"Failed to read Serverless Runtime Document","message":"runtime 2 is not yours"})");
  }
}

class OddIds : public ApiTest, public ::testing::WithParamInterface<const char*> {};
TEST_P(OddIds, AreNotFoundWithoutAskingTheCloud) {
  const std::string path = std::string("/serverless-runtimes/") + GetParam();
  for (const auto& answer : {get(path), del(path), put(path, minimal)}) {
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(answer.body, R"({"error":"Serverless Runtime not found","message":""})");
  }
  EXPECT_TRUE(cloud.asked.empty());
}
INSTANTIATE_TEST_SUITE_P(Table, OddIds,
                         ::testing::Values("4x", "-1", "abc", "2147483648", "99999999999999999999999", "1.0", "+1",
                                           "0x1", "%201"));

struct BodyCase {
  const char* name;
  std::string body;
  int status;
  std::string error;
};
class BadBodies : public ApiTest, public ::testing::WithParamInterface<BodyCase> {};
TEST_P(BadBodies, AreToldAndNeverAFaultOfOurs) {
  const auto answer = post(GetParam().body);
  EXPECT_EQ(answer.status, GetParam().status);
  const auto body = json::parse(answer.body);
  ASSERT_TRUE(body) << answer.body;
  EXPECT_EQ(body->text_at({"error"}), GetParam().error);
  EXPECT_NE(body->text_at({"message"}), "");
}
/// A body of so many levels, two of which every body has.
std::string nesting(std::size_t levels) {
  return R"({"SERVERLESS_RUNTIME":{"FAAS":{"FLAVOUR":"nature"},"X":)" + std::string(levels - 2, '[') +
         std::string(levels - 2, ']') + "}}";
}
const std::string no_json = "Invalid JSON";
const std::string no_runtime = "Invalid Serverless Runtime specification";
INSTANTIATE_TEST_SUITE_P(
    Table, BadBodies,
    ::testing::Values(
        BodyCase{"Empty", "", 400, no_json}, BodyCase{"Torn", "{bad", 400, no_json},
        BodyCase{"TwoValues", "{} {}", 400, no_json}, BodyCase{"Nul", std::string("\0", 1), 400, no_json},
        BodyCase{"NotUtf8", "{\"a\":\"\xff\"}", 400, no_json},
        BodyCase{"DuplicateKeys", R"({"SERVERLESS_RUNTIME":{},"SERVERLESS_RUNTIME":{}})", 400, no_json},
        BodyCase{"Deep", std::string(100'000, '['), 400, no_json},
        BodyCase{"ALevelTooDeep", nesting(101), 400, no_json},
        BodyCase{"LoneSurrogate", R"({"a":"\ud800"})", 400, no_json}, BodyCase{"Array", "[]", 400, no_runtime},
        BodyCase{"Null", "null", 400, no_runtime}, BodyCase{"Number", "5", 400, no_runtime},
        BodyCase{"Text", "\"x\"", 400, no_runtime},
        BodyCase{"NulInFlavour", R"({"SERVERLESS_RUNTIME":{"FAAS":{"FLAVOUR":"a\u0000"}}})", 400, no_runtime},
        BodyCase{"TooLong", "\"" + std::string(body_bytes_max, 'x') + "\"", 413, "Request body too large"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(ApiTest, TakesAsManyLevelsAsTheRubyEngine) {
  const auto created = post(nesting(100));
  EXPECT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(get(std::string(created.headers.find("Location").value_or(""))).status, 200);
}

TEST_F(ApiTest, PassesTheIdempotencyKeyWithTheBodysHash) {
  auto headers = ApiCaller::as("ada");
  headers.emplace_back("idempotency-key", "key-1");
  EXPECT_EQ(post(minimal, headers).status, 201);
  ASSERT_TRUE(cloud.last_key);
  EXPECT_EQ(cloud.last_key->key, "key-1");
  EXPECT_EQ(cloud.last_key->body_hash, sha256_hex(minimal));
  cloud.refusal.emplace(Code::idempotency_key_reused, "", "use a new key");
  EXPECT_EQ(post(minimal, headers).status, 422);
  for (const auto& bad : {std::string(), std::string(256, 'k'), std::string("a b"), std::string("\xc3\xa9")}) {
    headers.back().second = bad;
    EXPECT_EQ(post(minimal, headers).status, 400) << bad;
  }
}

TEST_F(ApiTest, ListsByPages) {
  for (int i = 0; i < 3; ++i) post(minimal);
  const auto first = json::parse(get("/serverless-runtimes?limit=2").body);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->at_path({"SERVERLESS_RUNTIMES"})->if_array()->size(), 2U);
  EXPECT_EQ(*first->at_path({"NEXT"})->integer(), 4);
  const auto second = json::parse(get("/serverless-runtimes?after=4&limit=2").body);
  EXPECT_EQ(second->at_path({"SERVERLESS_RUNTIMES"})->if_array()->size(), 1U);
  EXPECT_TRUE(second->at_path({"NEXT"})->is_null());
  EXPECT_EQ(get("/serverless-runtimes", ApiCaller::as("bob")).body, R"({"SERVERLESS_RUNTIMES":[],"NEXT":null})");
  for (const auto* bad : {"limit=0", "limit=1001", "limit=x", "limit=", "after=-1", "after=2147483648"})
    EXPECT_EQ(get(std::string("/serverless-runtimes?") + bad).status, 400) << bad;
}

TEST_F(ApiTest, SaysWhenToComeAgainWhenTooManyWait) {
  const auto answer = post(minimal, ApiCaller::as("crowd"));
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.headers.find("Retry-After"), "3");
  EXPECT_EQ(get("/serverless-runtimes/2", ApiCaller::as("crowd")).status, 429);
}

TEST_F(ApiTest, HidesOurInsidesAndNamesTheRequest) {
  cloud.refusal.emplace(Code::document_unreadable, Error(Kind::unavailable, "database /secret/path is locked"));
  const auto answer = get("/serverless-runtimes/2");
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.body, R"({"error":"Failed to read Serverless Runtime Document",)"
                         R"("message":"something broke on our side; quote request req-1"})");
}

TEST_F(ApiTest, StreamsEventsFromWhereTheListenerStopped) {
  post(minimal);
  const auto tell = [&](std::int64_t sequence, std::string_view type) {
    const auto done = database->write_now(
        [&](sql::Tx& tx) { events.append(tx, RuntimeId(2), "id-of-ada", sequence, type, json::Object{}); });
    ASSERT_TRUE(done);
  };
  tell(1, "created");
  tell(2, "state");
  auto answer = get("/serverless-runtimes/2/events");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.find("Content-Type"), "text/event-stream");
  ASSERT_TRUE(answer.events);
  const auto next = [&](http::EventSource& source) { return loop.run(source.next()); };
  const auto first = next(*answer.events);
  ASSERT_TRUE(first && *first);
  EXPECT_EQ((*first)->id, "1");
  EXPECT_EQ((*first)->event, "created");
  EXPECT_EQ(json::parse((*first)->data)->at_path({"ID"})->integer(), 2);
  EXPECT_EQ((*next(*answer.events))->id, "2");

  auto waiting = loop.begin(answer.events->next());
  tell(3, "deleted");
  const auto last = waiting.get();
  ASSERT_TRUE(last && *last);
  EXPECT_EQ((*last)->event, "deleted");
  EXPECT_FALSE(*next(*answer.events)) << "the stream ends with `deleted`";

  del("/serverless-runtimes/2");
  auto headers = ApiCaller::as("ada");
  EXPECT_EQ(get("/serverless-runtimes/2/events", headers).status, 404);
  headers.emplace_back("Last-Event-ID", "2");
  auto again = get("/serverless-runtimes/2/events", headers);
  ASSERT_EQ(again.status, 200) << "who was listening hears how it ended";
  EXPECT_EQ((*next(*again.events))->event, "deleted");
  EXPECT_FALSE(*next(*again.events));
  headers[0] = ApiCaller::as("bob")[0];
  EXPECT_EQ(get("/serverless-runtimes/2/events", headers).status, 404);
  headers.back().second = "x";
  EXPECT_EQ(get("/serverless-runtimes/2/events", headers).status, 400);
}

TEST_F(ApiTest, TellsNoEventsToWhoIsLetInNoLonger) {
  post(minimal);
  const auto tell = [&](std::int64_t sequence) {
    ASSERT_TRUE(database->write_now(
        [&](sql::Tx& tx) { events.append(tx, RuntimeId(2), "id-of-ada", sequence, "state", json::Object{}); }));
  };
  tell(1);
  auto answer = get("/serverless-runtimes/2/events");
  ASSERT_TRUE(answer.events);
  EXPECT_EQ((*loop.run(answer.events->next()))->id, "1");
  auto waiting = loop.begin(answer.events->next());
  sign_in.holds = false;
  tell(2);
  const auto next = waiting.get();
  ASSERT_TRUE(next);
  EXPECT_FALSE(*next) << "the stream ends, and tells nothing more";
}

TEST_F(ApiTest, AnswersAboutItselfWithoutCredentials) {
  EXPECT_EQ(get("/server/version", {}).body, json::write(nephele::version));
  EXPECT_EQ(get("/server/config", {}).body, json::write(engine_conf(settings)));
  EXPECT_EQ(get("/serverless-runtimes/schema", {}).body, schema_document());
  EXPECT_EQ(get("/", {}).status, 200);
  EXPECT_EQ(get("/healthz", {}).body, R"({"status":"ok"})");
  EXPECT_EQ(get("/readyz", {}).status, 503) << "no flavour yet";
  Flavours flavours(*database, clock);
  ASSERT_TRUE(loop.run(flavours.seed()));
  EXPECT_EQ(get("/readyz", {}).body, R"({"status":"ready","checks":{"database":"ok"}})");
  const auto metrics = get("/metrics", {});
  EXPECT_NE(metrics.body.find("nephele_runtimes_functions{state=\"RUNNING\"} 0\n"), std::string::npos);
  EXPECT_EQ(metrics.headers.find("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
}

TEST_F(ApiTest, AnswersUnknownPathsAndMethodsInItsOwnWords) {
  EXPECT_EQ(get("/nothing").body, R"({"error":"Not found","message":""})");
  EXPECT_EQ(get("/serverless-runtimes/2/").status, 404);
  EXPECT_EQ(get("//serverless-runtimes/schema").status, 200);
  const auto answer = caller.send(Verb::patch, "/serverless-runtimes/2", ApiCaller::as("ada"));
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.body, R"({"error":"Method not allowed","message":""})");
  EXPECT_TRUE(answer.headers.find("Allow")->find("PUT") != std::string_view::npos);
}

}  // namespace
}  // namespace nephele::runtimes
