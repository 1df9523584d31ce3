// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>

#include "sql/testing/test_databases.h"

/// The little schema of sql's own tests.
namespace nephele::sql {

inline constexpr std::array demo_steps{Migration{"demo", 1, "0001_counter", R"(
  CREATE TABLE demo_counter (name TEXT PRIMARY KEY, n BIGINT NOT NULL CHECK (n < 1000000));
  CREATE TABLE demo_note (
    id BIGINT PRIMARY KEY, body TEXT,
    counter TEXT REFERENCES demo_counter (name) DEFERRABLE INITIALLY DEFERRED);
  INSERT INTO demo_counter (name, n) VALUES ('a', 0);
  INSERT INTO demo_counter (name, n) VALUES ('b', 0);
)"}};

namespace demo {
inline constexpr Statement add{"demo.add", "UPDATE demo_counter SET n = n + $1 WHERE name = $2"};
inline constexpr Statement get{"demo.get", "SELECT n FROM demo_counter WHERE name = $1"};
inline constexpr Statement put{"demo.put", "INSERT INTO demo_note (id, body, counter) VALUES ($1, $2, $3)"};
inline constexpr Statement note{"demo.note", "SELECT body, counter FROM demo_note WHERE id = $1"};
inline constexpr Statement notes{"demo.notes", "SELECT id FROM demo_note WHERE id > $1 ORDER BY id LIMIT $2"};
inline constexpr Statement count{"demo.count", "SELECT count(*) FROM demo_note"};
}  // namespace demo

/// Reads one number, or throws the error as an exception: a failed test.
inline std::int64_t counter(Database& database, const char* name = "a") {
  const auto n = database.read_now([name](Tx& tx) { return tx.one(demo::get, name).integer(0); });
  return n ? *n : throw std::runtime_error(n.error().sentence());
}

inline std::int64_t notes(Database& database) {
  const auto n = database.read_now([](Tx& tx) { return tx.one(demo::count).integer(0); });
  return n ? *n : throw std::runtime_error(n.error().sentence());
}

class SqlContract : public testing::TestDatabases {
 protected:
  void SetUp() override { migrate(demo_steps); }
  Database& db() { return database(); }
};

}  // namespace nephele::sql
