// SPDX-License-Identifier: Apache-2.0
// What only a server can do: refuse, stop, crash, come back.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "sql/contract_fixture.h"
#include "sql/shown_url.h"
#include "sql/testing/postgres_server.h"

namespace nephele::sql {
namespace {

using std::chrono::milliseconds;

class Postgres : public ::testing::Test {
 protected:
  testing::PostgresServer& server() { return testing::shared_postgres(); }
  std::unique_ptr<Database> open(milliseconds wait_max = milliseconds(10'000)) {
    Settings settings = fresh_.settings();
    settings.wait_max = wait_max;
    auto database = testing::TestDatabase::open(settings);
    const auto migrated = database->migrate(demo_steps);
    if (!migrated) throw std::runtime_error(migrated.error().sentence());
    return database;
  }

  testing::TestDatabase fresh_{Engine::postgresql};
};

constexpr Statement sleep_long{"t.sleep", "SELECT pg_sleep(30)"};

struct BadAddress {
  const char* name;
  std::string url;
  const char* says;
};

TEST_F(Postgres, AddressesThatCannotBeAreRefusedWithoutShowingThePassword) {
  ASSERT_TRUE(server().run("SET client_min_messages = error; DROP ROLE IF EXISTS locked"));
  ASSERT_TRUE(server().run("CREATE ROLE locked LOGIN PASSWORD 'right'"));
  const BadAddress table[] = {
      {"wrong password", server().url("postgres", "locked:s3cret"), "password"},
      {"unknown database", server().url("s3cretless"), "does not exist"},
      {"unknown role", server().url("postgres", "nobody%20here:s3cret"), "role"},
      {"no server", "postgresql://user:s3cret@127.0.0.1:1/name", "cannot be reached"},
      {"no socket", "postgresql://user:s3cret@/name?host=/no/such/folder", "cannot be reached"},
      {"unreadable", "postgresql://user:s3cret@host:port:1/name", "invalid integer value"},
      {"bad escape", "postgresql://user:s3cret%zz@host/name", "cannot be read"},
      {"unknown option", "postgresql://user:s3cret@host/name?s3cret=1", "cannot be read"},
      {"unknown host", "postgresql://user:s3cret@no-such-host.invalid/name", "cannot be reached"},
  };
  for (const auto& bad : table) {
    const auto opened = Database::open({.url = bad.url, .wait_max = milliseconds(2000)});
    ASSERT_FALSE(opened) << bad.name;
    const std::string& sentence = opened.error().sentence();
    EXPECT_NE(sentence.find(bad.says), std::string::npos) << bad.name << ": " << sentence;
    EXPECT_EQ(sentence.find("s3cret@"), std::string::npos) << sentence;
    if (std::string_view(bad.name) != "unknown database")
      EXPECT_EQ(sentence.find("s3cret"), std::string::npos) << sentence;
  }
  const auto right = Database::open({.url = server().url("postgres", "locked:right")});
  EXPECT_TRUE(right) << right.error().sentence();
}

TEST(Url, IsShownWithoutItsPasswords) {
  EXPECT_EQ(without_password("postgresql://ada:s3cr:t@db:5432/nephele?sslmode=require"),
            "postgresql://ada:***@db:5432/nephele?sslmode=require");
  EXPECT_EQ(without_password("postgres://db/nephele?user=ada&password=s3cret&sslpassword=x"),
            "postgres://db/nephele?user=ada&password=***&sslpassword=***");
  EXPECT_EQ(without_password("postgresql://ada@db/a@b:c"), "postgresql://ada@db/a@b:c");
  EXPECT_EQ(without_password("postgresql://ada:s3cret@db"), "postgresql://ada:***@db");
  EXPECT_EQ(without_password("postgresql://ada:@db"), "postgresql://ada:***@db");
  EXPECT_EQ(without_password("sqlite:/data/x:y@z.db"), "sqlite:/data/x:y@z.db");
  EXPECT_EQ(without_password(""), "");
}

TEST_F(Postgres, ADatabaseWithAnotherEncodingIsRefused) {
  ASSERT_TRUE(server().run("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0"));
  const auto opened = Database::open({.url = server().url("latin")});
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().sentence().find("UTF8"), std::string::npos) << opened.error().sentence();
  EXPECT_TRUE(server().run("DROP DATABASE latin WITH (FORCE)"));
}

TEST_F(Postgres, AConnectionThatWasClosedMeanwhileIsMadeAgain) {
  const auto database = open();
  for (int round = 0; round < 5; ++round) {
    const auto done = database->write_now([](Tx& tx) { tx.execute(demo::add, 1, "a"); });
    ASSERT_TRUE(done) << done.error().sentence();
    ASSERT_TRUE(
        server().run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'nephele'"));
  }
  EXPECT_EQ(counter(*database), 5);
}

TEST_F(Postgres, AConnectionLostInTheMiddleOfATransactionCostsARetryOnly) {
  const auto database = open();
  int runs = 0;
  const auto done = database->write_now([&](Tx& tx) {
    tx.execute(demo::add, 1, "a");
    if (++runs == 1)
      EXPECT_TRUE(
          server().run("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                       "WHERE application_name = 'nephele'"));
    tx.execute(demo::add, 1, "b");
  });
  ASSERT_TRUE(done) << done.error().sentence();
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(counter(*database, "a"), 1);
  EXPECT_EQ(counter(*database, "b"), 1);
}

TEST_F(Postgres, AConnectionLostAtTheCommitLeavesAnUnknownOutcomeAndSaysSo) {
  const auto database = open();
  int runs = 0;
  const auto done = database->write_now([&](Tx& tx) {
    ++runs;
    tx.execute(demo::add, 1, "a");
    ASSERT_TRUE(
        server().run("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                     "WHERE application_name = 'nephele'"));
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind(), Kind::unavailable);
  EXPECT_EQ(done.error().detail("outcome"), "unknown");
  EXPECT_EQ(runs, 1) << "it may have been committed, so it is not repeated";
  EXPECT_EQ(counter(*database), 0);
}

TEST_F(Postgres, AStoppedServerIsAnErrorAndTheWorkGoesOnWhenItIsBack) {
  const auto database = open(milliseconds(300));
  ASSERT_TRUE(database->write_now([](Tx& tx) { tx.execute(demo::add, 1, "a"); }));
  server().stop();
  const auto before = std::chrono::steady_clock::now();
  const auto refused = database->write_now([](Tx& tx) { tx.execute(demo::add, 1, "a"); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Kind::unavailable) << refused.error().sentence();
  EXPECT_LT(std::chrono::steady_clock::now() - before, milliseconds(3000));
  EXPECT_FALSE(database->read_now([](Tx& tx) { return tx.one(demo::get, "a"); }));
  ASSERT_TRUE(server().restart());
  const auto until = in(milliseconds(10'000));
  while (!database->write_now([](Tx& tx) { tx.execute(demo::add, 1, "a"); }))
    ASSERT_LT(std::chrono::steady_clock::now(), until);
  EXPECT_EQ(counter(*database), 2);
}

TEST_F(Postgres, AWaitingCallerGetsItsAnswerWhenTheServerComesBackInTime) {
  const auto database = open(milliseconds(30'000));
  ASSERT_EQ(counter(*database), 0);
  server().stop();
  std::atomic<bool> answered = false;
  std::jthread caller([&] {
    const auto done = database->write_now([](Tx& tx) { tx.execute(demo::add, 1, "a"); });
    EXPECT_TRUE(done) << done.error().sentence();
    answered = true;
  });
  std::this_thread::sleep_for(milliseconds(300));
  EXPECT_FALSE(answered);
  ASSERT_TRUE(server().restart());
  caller.join();
  EXPECT_EQ(counter(*database), 1);
}

TEST_F(Postgres, ACrashUnderLoadLosesNothingThatWasAnswered) {
  const auto database = open(milliseconds(30'000));
  std::atomic<bool> enough = false;
  std::atomic<int> done = 0;
  std::atomic<int> unknown = 0;
  std::vector<std::jthread> writers;
  for (int w = 0; w < 8; ++w) {
    writers.emplace_back([&] {
      while (!enough) {
        const auto added = database->write_now([](Tx& tx) { tx.execute(demo::add, 1, "a"); });
        if (added) {
          ++done;
        } else {
          EXPECT_EQ(added.error().detail("outcome"), "unknown") << added.error().sentence();
          ++unknown;
        }
      }
    });
  }
  for (int round = 0; round < 3; ++round) {
    const int goal = done + 100;
    const auto until = in(milliseconds(20'000));
    while (done < goal && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(milliseconds(2));
    EXPECT_GE(done, goal) << "it goes on by itself";
    server().crash();
    std::this_thread::sleep_for(milliseconds(100));
    ASSERT_TRUE(server().restart());
  }
  const int goal = done + 100;
  const auto until = in(milliseconds(20'000));
  while (done < goal && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(milliseconds(2));
  enough = true;
  writers.clear();
  EXPECT_GE(done, goal);
  const std::int64_t stored = counter(*database);
  EXPECT_GE(stored, done);
  EXPECT_LE(stored, done + unknown);
}

TEST_F(Postgres, ALockOfSomebodyElseIsWaitedForAndThenGivenUp) {
  const auto holder = open();
  const auto database = open(milliseconds(300));
  const std::string text = "SELECT n FROM demo_counter WHERE name = $1" + std::string(database->lock_clause());
  const auto held = holder->write_now([&](Tx& tx) {
    tx.one({"t.lock", text}, "a");
    const auto refused = database->write_now([](Tx& other) { other.execute(demo::add, 1, "a"); });
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), Kind::unavailable) << refused.error().sentence();
    EXPECT_EQ(counter(*database), 0) << "readers do not wait";
  });
  EXPECT_TRUE(held);
  EXPECT_TRUE(database->write_now([](Tx& tx) { tx.execute(demo::add, 1, "a"); }));
}

TEST_F(Postgres, AStatementWithoutEndIsEnded) {
  const auto database = open(milliseconds(200));
  const auto before = std::chrono::steady_clock::now();
  const auto refused = database->read_now([](Tx& tx) { tx.query(sleep_long); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Kind::timeout) << refused.error().sentence();
  EXPECT_LT(std::chrono::steady_clock::now() - before, milliseconds(5000));
  EXPECT_EQ(counter(*database), 0);
}

TEST_F(Postgres, AnErrorNeverShowsTheValueThatDidNotFit) {
  const auto database = open();
  const auto refused = database->write_now([](Tx& tx) { tx.execute(demo::put, "my-secret-number", "x", "a"); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().sentence().find("my-secret-number"), std::string::npos) << refused.error().sentence();
  ASSERT_TRUE(database->write_now(
      [](Tx& tx) { tx.execute({"t.c", "INSERT INTO demo_counter VALUES ($1, 0)"}, "my-secret-key"); }));
  const auto twice = database->write_now(
      [](Tx& tx) { tx.execute({"t.c", "INSERT INTO demo_counter VALUES ($1, 0)"}, "my-secret-key"); });
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().sentence().find("my-secret-key"), std::string::npos) << twice.error().sentence();
}

TEST_F(Postgres, BackupsAreLeftToItsOwnTool) {
  const auto refused = open()->backup_to("/tmp/nephele-never-made");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().sentence().find("pg_dump"), std::string::npos);
}

}  // namespace
}  // namespace nephele::sql
