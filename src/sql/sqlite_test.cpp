// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <thread>

#include "base/temp_directory.h"
#include "sql/sql.h"

namespace nephele::sql {
namespace {

constexpr std::array steps{Migration{"demo", 1, "0001_counter", R"(
  CREATE TABLE demo_counter (name TEXT PRIMARY KEY, n BIGINT NOT NULL);
  INSERT INTO demo_counter (name, n) VALUES ('a', 0);
)"}};
constexpr Statement add{"demo.add", "UPDATE demo_counter SET n = n + $1 WHERE name = $2"};
constexpr Statement get{"demo.get", "SELECT n FROM demo_counter WHERE name = $1"};

TEST(Sqlite, ANewFileIsPrivateAndTakesAMigrationAndACounter) {
  const TempDirectory folder;
  const std::string path = folder / "n.db";
  auto database = Database::open({.url = "sqlite:" + path});
  ASSERT_TRUE(database) << database.error().sentence();
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  const auto migrated = (*database)->migrate(steps);
  ASSERT_TRUE(migrated) << migrated.error().sentence();

  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 50; ++n) {
        const auto changed = (*database)->write_now([](Tx& tx) { return tx.execute(add, 1, "a"); });
        ASSERT_TRUE(changed) << changed.error().sentence();
        EXPECT_EQ(*changed, 1);
      }
    });
  }
  threads.clear();
  const auto n = (*database)->read_now([](Tx& tx) { return tx.one(get, "a").integer(0); });
  ASSERT_TRUE(n);
  EXPECT_EQ(*n, 400);
}

}  // namespace
}  // namespace nephele::sql
