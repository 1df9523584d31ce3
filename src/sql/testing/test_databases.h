// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <string>

#include "sql/sql.h"

/// For tests that hold on both engines:
///
///     class StoreTest : public sql::testing::TestDatabases {
///      protected:
///       void SetUp() override { migrate(all_migrations); }
///     };
///     TEST_P(StoreTest, KeepsWhatItWasGiven) { ... database() ... }
///     INSTANTIATE_TEST_SUITE_P(Engines, StoreTest, sql::testing::all_engines(), sql::testing::engine_name);
///
/// A program with such tests is registered with TEST_WHOLE (cmake/NepheleModule.cmake), since its PostgreSQL server is
/// started once per process. Without PostgreSQL's programs these tests fail, with a sentence that says what to install.
namespace nephele::sql::testing {

class PostgresServer;

/// The server of this test program, started at the first call, from the main thread. Throws std::runtime_error when
/// there can be none.
PostgresServer& shared_postgres();

/// An empty database that goes away with this object: a file in a temporary folder, or a schema of
/// shared_postgres(). Close what was opened on it first. Throws std::runtime_error.
class TestDatabase {
 public:
  explicit TestDatabase(Engine engine);
  ~TestDatabase();
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  const std::string& url() const;
  /// The SQLite file; empty for PostgreSQL.
  const std::string& file() const;
  Settings settings() const { return Settings{.url = url()}; }
  /// A new Database on it: several stand for several processes. Throws std::runtime_error.
  std::unique_ptr<Database> open() const { return open(settings()); }
  static std::unique_ptr<Database> open(const Settings& settings);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A test with a fresh database of the engine that is its parameter.
class TestDatabases : public ::testing::TestWithParam<Engine> {
 protected:
  TestDatabases();
  ~TestDatabases() override;

  /// Opened at the first call.
  Database& database();
  TestDatabase& fresh() { return fresh_; }
  /// For the end of a test that has executors of its own: who waited for a transaction is forgotten by the database's
  /// threads a moment after he was told, and his executor must be there until then.
  void close_database() { database_.reset(); }
  /// On database(); a failure is an exception and so a failed test.
  void migrate(std::span<const Migration> migrations);

 private:
  TestDatabase fresh_;
  std::unique_ptr<Database> database_;
};

inline auto all_engines() {
  return ::testing::Values(Engine::sqlite, Engine::postgresql);
}

inline std::string engine_name(const ::testing::TestParamInfo<Engine>& info) {
  return info.param == Engine::sqlite ? "sqlite" : "postgresql";
}

}  // namespace nephele::sql::testing
