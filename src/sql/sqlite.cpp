// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <exception>

#include "sql/engine.h"
#include "sql/migrate.h"
#include "sql/open.h"
#include "sql/sqlite_connection.h"
#include "sql/sqlite_file.h"
#include "sql/sqlite_writer.h"

namespace nephele::sql {

namespace {

constexpr Statement begin_read_sql{"sql.begin_read", "BEGIN"};
constexpr Statement end_read_sql{"sql.end_read", "COMMIT"};
constexpr Statement abandon_read_sql{"sql.abandon_read", "ROLLBACK"};

/// One write connection and several read connections, each with its own thread.
class SqliteDatabase final : public QueuedDatabase {
 public:
  SqliteDatabase(std::string path, const Settings& settings)
      : QueuedDatabase(settings.wait_max),
        path_(std::move(path)),
        writes_(settings.queue_max),
        reads_(settings.queue_max),
        writer_(path_, SqliteConnection::Role::writer) {
    check_sqlite_file(writer_, path_, settings.check_whole);
    reserve_log(path_);
    for (std::size_t i = 0; i < settings.readers; ++i)
      readers_.push_back(std::make_unique<SqliteConnection>(path_, SqliteConnection::Role::reader));
    start_thread("sql-write", [this] { serve_writes(); });
    for (auto& reader : readers_) start_thread("sql-read", [this, &reader = *reader] { serve_reads(reader); });
  }

  ~SqliteDatabase() override {
    writer_.stop_waiting();
    for (auto& reader : readers_) reader->stop_waiting();
    reads_.close();
    writes_.close();
    join_threads();
    readers_.clear();  // so that the writer is the last one: it moves the log into the file
  }

  Engine engine() const noexcept override { return Engine::sqlite; }

  Result<> migrate(std::span<const Migration> migrations) override;

  Result<> backup_to(const std::string& path) override { return copy_sqlite_file(path_, path); }

 private:
  WaitingLine& line_for(Purpose purpose) override { return purpose == Purpose::look ? reads_ : writes_; }

  void serve_writes() {
    SqliteWriter writer(writer_, wait_max());
    for (auto group = writes_.pop(SqliteWriter::group_max); !group.empty();
         group = writes_.pop(SqliteWriter::group_max))
      writer.run(std::move(group));
  }

  void serve_reads(SqliteConnection& connection) {
    for (auto one = reads_.pop(1); !one.empty(); one = reads_.pop(1)) {
      Turn turn(std::move(one.front()));
      read(connection, turn);
      turn.conclude();
    }
  }

  void read(SqliteConnection& connection, Turn& turn);

  std::string path_;
  WaitingLine writes_;
  WaitingLine reads_;
  SqliteConnection writer_;
  std::vector<std::unique_ptr<SqliteConnection>> readers_;
};

void SqliteDatabase::read(SqliteConnection& connection, Turn& turn) {
  if (turn.expired()) {
    turn.failed = waited_too_long();
    return;
  }
  connection.limit(in(wait_max()));
  connection.clear_failed();
  try {
    connection.run(begin_read_sql, {});
    turn.committed = turn.run(connection);
    if (turn.committed && connection.failed()) {
      turn.committed = false;
      turn.failed = to_error(swallowed_failure());
    }
    connection.clear_failed();
    if (connection.in_transaction()) connection.run(turn.committed ? end_read_sql : abandon_read_sql, {});
  } catch (const Failure& failure) {
    turn.committed = false;
    turn.failed = to_error(failure);
  }
}

/// The schema's steps on a connection of their own: the prepared statements of the others notice by themselves.
Result<> SqliteDatabase::migrate(std::span<const Migration> migrations) {
  try {
    SqliteConnection connection(path_, SqliteConnection::Role::writer);
    const auto until = in(migration_wait(wait_max()));
    connection.limit(until);
    connection.script("BEGIN IMMEDIATE");
    connection.limit(in(migration_time));
    TRY_VOID(apply_migrations(connection, [&](std::string_view text) { connection.script(text); }, migrations));
    connection.script("COMMIT");
    return {};
  } catch (const Failure& failure) {
    return fail(to_error(failure));
  }
}

}  // namespace

Result<std::unique_ptr<Database>> open_sqlite(const std::string& path, const Settings& settings) {
  TRY_VOID(create_sqlite_file(path));
  try {
    return std::make_unique<SqliteDatabase>(path, settings);
  } catch (const Failure& failure) {
    return fail(to_error(failure));
  }
}

}  // namespace nephele::sql
