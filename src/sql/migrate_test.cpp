// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "sql/contract_fixture.h"

namespace nephele::sql {
namespace {

constexpr Migration one{"compute", 1, "0001_servers", R"(
  -- a comment; with a semicolon
  CREATE TABLE compute_server (id BIGINT PRIMARY KEY, name TEXT NOT NULL);
  INSERT INTO compute_server (id, name) VALUES (1, 'semi;colon');
)"};
constexpr Migration two{"compute", 2, "0002_state", R"(
  ALTER TABLE compute_server ADD COLUMN state TEXT NOT NULL DEFAULT 'off';
  CREATE INDEX compute_server_state ON compute_server (state);
)"};
constexpr Migration other{"identity", 1, "0001_accounts", "CREATE TABLE identity_account (id TEXT PRIMARY KEY);"};
constexpr Migration broken{"compute", 3, "0003_broken", R"(
  CREATE TABLE compute_more (id BIGINT PRIMARY KEY);
  INSERT INTO no_such_table VALUES (1);
)"};
constexpr Statement applied{
    "t.applied", "SELECT service, version, name, hash, applied_ms FROM nephele_schema ORDER BY service, version"};

class SqlMigrate : public testing::TestDatabases {
 protected:
  std::vector<std::string> steps() {
    std::vector<std::string> names;
    const auto rows = database().read_now([](Tx& tx) { return tx.query(applied); });
    if (!rows) return {rows.error().sentence()};
    for (const auto& row : *rows) names.push_back(row.text(0) + "/" + row.text(2));
    return names;
  }
};

TEST_P(SqlMigrate, MissingStepsAreAppliedOnceAndWrittenDown) {
  const std::array first{one};
  const std::array all{one, two, other};
  ASSERT_TRUE(database().migrate(first));
  ASSERT_TRUE(database().migrate(all));
  ASSERT_TRUE(database().migrate(all));
  EXPECT_EQ(steps(),
            (std::vector<std::string>{"compute/0001_servers", "compute/0002_state", "identity/0001_accounts"}));
  const auto row = database().read_now([](Tx& tx) { return tx.query(applied).front(); });
  ASSERT_TRUE(row);
  EXPECT_EQ(row->text(3).size(), 64U) << "SHA-256 in hex";
  EXPECT_GT(row->integer(4), 1'700'000'000'000);
  const auto name = database().read_now(
      [](Tx& tx) { return tx.one({"t.name", "SELECT name FROM compute_server WHERE state = $1"}, "off").text(0); });
  EXPECT_EQ(name, "semi;colon");
}

TEST_P(SqlMigrate, ManyProgramsMayStartAtOnce) {
  const std::array all{one, two, other};
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> programs;
    for (int i = 0; i < 6; ++i) {
      programs.emplace_back([&] {
        const auto opened = fresh().open();
        const auto migrated = opened->migrate(all);
        EXPECT_TRUE(migrated) << migrated.error().sentence();
        good += migrated ? 1 : 0;
      });
    }
  }
  EXPECT_EQ(good, 6);
  EXPECT_EQ(steps().size(), 3U);
}

TEST_P(SqlMigrate, ManyProgramsMayComeAndGoAtOnce) {
  const std::array all{one, two, other};
  {
    std::vector<std::jthread> programs;
    for (int i = 0; i < 4; ++i) {
      programs.emplace_back([&] {
        for (int round = 0; round < 10; ++round) {
          const auto opened = Database::open(fresh().settings());
          ASSERT_TRUE(opened) << opened.error().sentence();
          const auto migrated = (*opened)->migrate(all);
          EXPECT_TRUE(migrated) << migrated.error().sentence();
        }
      });
    }
  }
  EXPECT_EQ(steps().size(), 3U);
}

TEST_P(SqlMigrate, ANewerSchemaIsRefused) {
  const std::array all{one, two};
  const std::array old{one};
  ASSERT_TRUE(database().migrate(all));
  const auto refused = database().migrate(old);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Kind::conflict);
  EXPECT_NE(refused.error().sentence().find("newer release"), std::string::npos) << refused.error().sentence();
  EXPECT_NE(refused.error().sentence().find("0002_state"), std::string::npos);
}

TEST_P(SqlMigrate, AStepThatWasChangedAfterwardsIsRefused) {
  const std::array all{one};
  Migration changed = one;
  changed.text = "CREATE TABLE something_else (id BIGINT PRIMARY KEY);";
  const std::array edited{changed, two};
  ASSERT_TRUE(database().migrate(all));
  const auto refused = database().migrate(edited);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Kind::conflict);
  EXPECT_NE(refused.error().sentence().find("0001_servers"), std::string::npos) << refused.error().sentence();
  EXPECT_EQ(steps().size(), 1U);
}

TEST_P(SqlMigrate, AStepThatFailsLeavesEverythingAsItWas) {
  const std::array first{one};
  const std::array all{one, two, broken};
  ASSERT_TRUE(database().migrate(first));
  const auto refused = database().migrate(all);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().sentence().find("0003_broken"), std::string::npos) << refused.error().sentence();
  EXPECT_EQ(steps().size(), 1U);
  EXPECT_FALSE(database().read_now([](Tx& tx) { tx.query({"t.state", "SELECT state FROM compute_server"}); }));
  const std::array mended{one, two};
  EXPECT_TRUE(database().migrate(mended)) << "and it can be run again";
}

TEST_P(SqlMigrate, ServicesOfOtherProgramsAreNoneOfOurConcern) {
  const std::array all{one, other};
  const std::array mine{one, two};
  ASSERT_TRUE(database().migrate(all));
  EXPECT_TRUE(database().migrate(mine));
  EXPECT_EQ(steps().size(), 3U);
}

TEST_P(SqlMigrate, AListWithAGapIsABug) {
  const std::array gap{one, broken};
  const auto refused = database().migrate(gap);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Kind::internal);
}

TEST_P(SqlMigrate, StatementsThatWereInUseFollowTheNewSchema) {
  const std::array first{one};
  const std::array all{one, two};
  ASSERT_TRUE(database().migrate(first));
  const auto columns = [&](bool change) {
    const auto body = [](Tx& tx) { return tx.one({"t.star", "SELECT * FROM compute_server WHERE id = $1"}, 1).size(); };
    const auto found = change ? database().write_now(body) : database().read_now(body);
    return found ? *found : throw std::runtime_error(found.error().sentence());
  };
  for (int i = 0; i < 8; ++i) EXPECT_EQ(columns(i % 2 == 0), 2U);
  ASSERT_TRUE(database().migrate(all));
  for (int i = 0; i < 8; ++i) EXPECT_EQ(columns(i % 2 == 0), 3U);
}

INSTANTIATE_TEST_SUITE_P(Engines, SqlMigrate, testing::all_engines(), testing::engine_name);

}  // namespace
}  // namespace nephele::sql
