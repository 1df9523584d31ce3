// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/eventually.h"
#include "runtimes/housekeeping.h"
#include "runtimes/testing/api_caller.h"
#include "runtimes/testing/cloud_fixture.h"
#include "sql/testing/test_databases.h"
#include "sql/testing/with_loop.h"

/// What the user guide shows, through every floor but the machines and the sockets.
namespace nephele::runtimes {
namespace {

using http::Verb;
using testing::Answered;
using testing::ApiCaller;
using testing::ComputeStack;

const std::string minimal = R"({
  "SERVERLESS_RUNTIME": {
    "FAAS": {
      "FLAVOUR": "nature"
    },
    "SCHEDULING": {},
    "DEVICE_INFO": {}
  }
})";
const std::string custom = R"({
  "SERVERLESS_RUNTIME": {
    "NAME": "Example Serverless Runtime",
    "FAAS": {"CPU": 1, "MEMORY": 128, "DISK_SIZE": 1024, "FLAVOUR": "nature"},
    "DAAS": {"CPU": 1, "MEMORY": 128, "DISK_SIZE": 1024, "FLAVOUR": "s3"},
    "SCHEDULING": {},
    "DEVICE_INFO": {}
  }
})";

class UserGuide : protected sql::testing::WithLoop, public sql::testing::TestDatabases {
 protected:
  struct Program {
    Program(sql::Database& database, IoThreads& loop)
        : stack(database, loop), identity(database, stack.key, stack.clock, {}, {}) {
      // The second start finds the account there.
      (void)stack.loop.run(identity.create("ada", Secret("pass:word"), false));
      (void)stack.loop.run(identity.create("bob", Secret("pass:word"), false));
    }
    Answered send(Verb verb, const std::string& path, const std::string& body = {},
                  ApiCaller::Headers headers = ApiCaller::as("ada")) {
      return caller.send(verb, path, headers, body);
    }
    json::Value runtime(const std::string& path) {
      const auto body = json::parse(send(Verb::get, path).body);
      const auto* found = body ? body->at_path({"SERVERLESS_RUNTIME"}) : nullptr;
      return found == nullptr ? json::Value{} : *found;
    }
    bool reaches(const std::string& path, std::string_view function, std::string_view state) {
      return eventually([&] { return runtime(path).text_at({function, "STATE"}) == state; });
    }

    ComputeStack stack;
    identity::Identity identity;
    IdentitySignIn sign_in{identity};
    Service service{stack.cloud, sign_in, stack.events};
    Api api{service, stack.settings, {}, {}, {}};
    ApiCaller caller{stack.loop, api};
  };

  void SetUp() override {
    std::vector<sql::Migration> steps;
    const auto add = [&](auto part) { steps.insert(steps.end(), part.begin(), part.end()); };
    add(identity::Identity::migrations());
    testing::migrate_all(add);
    migrate(steps);
    start();
  }
  void TearDown() override { program.reset(); }
  void start() {
    program.reset();
    program = std::make_unique<Program>(database(), loop);
  }

  std::unique_ptr<Program> program;
};

TEST_P(UserGuide, ServesItsMinimalRuntime) {
  const auto created = program->send(Verb::post, "/serverless-runtimes", minimal);
  ASSERT_EQ(created.status, 201) << created.body;
  const std::string path(*created.headers.find("Location"));
  EXPECT_NE(created.body.find(R"("STATE":"PENDING","CPU":1,"MEMORY":128,"DISK_SIZE":256,"ENDPOINT":"127.96.)"),
            std::string::npos)
      << created.body;
  EXPECT_NE(created.body.find(R"("SCHEDULING":{},"DEVICE_INFO":{},"SERVICE_ID":1}})"), std::string::npos);
  ASSERT_TRUE(program->reaches(path, "FAAS", "RUNNING"));
  const auto updated = program->send(
      Verb::put, path,
      R"({"SERVERLESS_RUNTIME":{"NAME":"Function as a Service","FAAS":{"FLAVOUR":"Function","CPU":3,"MEMORY":177,"DISK_SIZE":1338}}})");
  ASSERT_EQ(updated.status, 200) << updated.body;
  EXPECT_TRUE(updated.body.starts_with(R"({"SERVERLESS_RUNTIME":{"NAME":"Function as a Service","ID":2,)"));
  EXPECT_NE(updated.body.find(R"("STATE":"RUNNING","CPU":3,"MEMORY":177,"DISK_SIZE":1338)"), std::string::npos)
      << updated.body;
  EXPECT_EQ(program->send(Verb::del, path).status, 204);
  EXPECT_EQ(program->send(Verb::get, path).status, 404);
  EXPECT_EQ(program->send(Verb::get, "/serverless-runtimes/1").status, 404) << "a SERVICE_ID is no ID";
}

TEST_P(UserGuide, ServesItsPairWithSizesAndAName) {
  const auto created = program->send(Verb::post, "/serverless-runtimes", custom);
  ASSERT_EQ(created.status, 201) << created.body;
  const std::string path(*created.headers.find("Location"));
  EXPECT_TRUE(program->reaches(path, "FAAS", "RUNNING") && program->reaches(path, "DAAS", "RUNNING"));
  const auto runtime = program->runtime(path);
  EXPECT_EQ(runtime.text_at({"NAME"}), "Example Serverless Runtime");
  EXPECT_NE(*runtime.at_path({"FAAS", "VM_ID"}), *runtime.at_path({"DAAS", "VM_ID"}));
  EXPECT_NE(runtime.text_at({"FAAS", "ENDPOINT"}), runtime.text_at({"DAAS", "ENDPOINT"}));
}

TEST_P(UserGuide, TellsStrangersNothing) {
  ASSERT_EQ(program->send(Verb::post, "/serverless-runtimes", minimal).status, 201);
  const auto wrong = ApiCaller::as("ada", "wrong");
  EXPECT_EQ(program->send(Verb::post, "/serverless-runtimes", minimal, wrong).status, 401);
  EXPECT_EQ(program->send(Verb::get, "/serverless-runtimes/2", {}, wrong).status, 401);
  EXPECT_EQ(program->send(Verb::put, "/serverless-runtimes/2", minimal, wrong).status, 401);
  EXPECT_EQ(program->send(Verb::del, "/serverless-runtimes/2", {}, wrong).status, 401);
  EXPECT_EQ(program->send(Verb::get, "/serverless-runtimes/2", {}, ApiCaller::as("bob")).status, 403);
  EXPECT_EQ(program->send(Verb::put, "/serverless-runtimes/2", minimal, ApiCaller::as("bob")).status, 403);
  EXPECT_EQ(program->send(Verb::del, "/serverless-runtimes/2", {}, ApiCaller::as("bob")).status, 403);
}

TEST_P(UserGuide, RepeatsAnAnswerAcrossARestart) {
  auto headers = ApiCaller::as("ada");
  headers.emplace_back("Idempotency-Key", "k-1");
  const auto first = program->send(Verb::post, "/serverless-runtimes", minimal, headers);
  ASSERT_EQ(first.status, 201) << first.body;
  start();
  const auto again = program->send(Verb::post, "/serverless-runtimes", minimal, headers);
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(program->send(Verb::post, "/serverless-runtimes", custom, headers).status, 422);
  const auto all = json::parse(program->send(Verb::get, "/serverless-runtimes").body);
  EXPECT_EQ(all->at_path({"SERVERLESS_RUNTIMES"})->if_array()->size(), 1U);
}

TEST_P(UserGuide, ForgetsKeysAndEventsAfterTheirTime) {
  auto headers = ApiCaller::as("ada");
  headers.emplace_back("Idempotency-Key", "k-1");
  ASSERT_EQ(program->send(Verb::post, "/serverless-runtimes", minimal, headers).status, 201);
  const auto tidy_at = [&](std::chrono::hours later) {
    const ManualClock clock(SystemClock().now() + later);
    return *program->stack.loop.run(tidy(database(), clock, program->stack.settings));
  };
  ASSERT_TRUE(program->reaches("/serverless-runtimes/2", "FAAS", "RUNNING"));
  EXPECT_EQ(tidy_at(std::chrono::hours(23)), 0);
  EXPECT_EQ(tidy_at(std::chrono::hours(25)), 1) << "the key";
  EXPECT_EQ(tidy_at(std::chrono::hours(24 * 8)), 3) << "created, PENDING, RUNNING";
  EXPECT_EQ(program->send(Verb::get, "/serverless-runtimes/2").status, 200);
}

INSTANTIATE_TEST_SUITE_P(Engines, UserGuide, sql::testing::all_engines(), sql::testing::engine_name);

}  // namespace
}  // namespace nephele::runtimes
