// SPDX-License-Identifier: Apache-2.0
#include "sql/testing/test_databases.h"

#include <atomic>
#include <stdexcept>

#include "base/temp_directory.h"
#include "sql/testing/postgres_server.h"

namespace nephele::sql::testing {

PostgresServer& shared_postgres() {
  static const Result<std::unique_ptr<PostgresServer>> server = PostgresServer::start();
  if (!server) throw std::runtime_error(server.error().sentence());
  return **server;
}

struct TestDatabase::State {
  std::unique_ptr<TempDirectory> folder;
  std::string file;
  std::string schema;  ///< PostgreSQL's
  std::string url;
};

TestDatabase::TestDatabase(Engine engine) : state_(std::make_unique<State>()) {
  if (engine == Engine::sqlite) {
    state_->folder = std::make_unique<TempDirectory>();
    state_->file = *state_->folder / "nephele.db";
    state_->url = "sqlite:" + state_->file;
    return;
  }
  static std::atomic<int> count{0};
  // A schema of its own is as good as a database, and is made in 2 ms instead of 100.
  state_->schema = "test" + std::to_string(++count);
  const auto made = shared_postgres().run("CREATE SCHEMA " + state_->schema);
  if (!made) throw std::runtime_error(made.error().sentence());
  state_->url = shared_postgres().url("postgres") + "&options=-csearch_path%3D" + state_->schema;
}

TestDatabase::~TestDatabase() {
  if (state_->schema.empty()) return;
  // Connections that a test has left behind must not hold this up.
  const auto dropped = shared_postgres().run("SET client_min_messages = error; SET lock_timeout = 5000; DROP SCHEMA " +
                                             state_->schema + " CASCADE");
  if (!dropped) std::fprintf(stderr, "a test schema stays: %s\n", dropped.error().sentence().c_str());
}

const std::string& TestDatabase::url() const {
  return state_->url;
}
const std::string& TestDatabase::file() const {
  return state_->file;
}

std::unique_ptr<Database> TestDatabase::open(const Settings& settings) {
  auto opened = Database::open(settings);
  if (!opened) throw std::runtime_error(opened.error().sentence());
  return std::move(*opened);
}

TestDatabases::TestDatabases() : fresh_(GetParam()) {}
TestDatabases::~TestDatabases() = default;

Database& TestDatabases::database() {
  if (!database_) database_ = fresh_.open();
  return *database_;
}

void TestDatabases::migrate(std::span<const Migration> migrations) {
  const auto migrated = database().migrate(migrations);
  if (!migrated) throw std::runtime_error(migrated.error().sentence());
}

}  // namespace nephele::sql::testing
