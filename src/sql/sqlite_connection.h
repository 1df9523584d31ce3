// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/async.h"
#include "sql/sql.h"

/// One connection to an SQLite file; used by one thread at a time. Private to sql/.
namespace nephele::sql {

struct CloseSqlite {
  void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
};
struct FinalizeSqlite {
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
using SqliteHandle = std::unique_ptr<sqlite3, CloseSqlite>;
using SqliteStatement = std::unique_ptr<sqlite3_stmt, FinalizeSqlite>;

class SqliteConnection final : public Connection {
 public:
  enum class Role : std::uint8_t { writer, reader };

  /// Opens an existing file (create_file() makes it) in WAL mode. Throws Failure.
  SqliteConnection(const std::string& path, Role role);
  ~SqliteConnection() override = default;
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  Rows run(const Statement& statement, std::span<const Value> parameters) override;
  std::int64_t changed() const override { return changed_; }

  /// Statements without parameters, several separated by ';'. Throws Failure.
  void script(std::string_view text);
  /// The first value of the first row, as text; empty when there is none. Waits for others until the limit. Throws
  /// Failure.
  std::string pragma(const char* text);

  /// Whether a commit waits until the disk has it; between transactions only. Without, it outlasts this program, not a
  /// power cut, and the next one that waits brings it to the disk too. Throws Failure.
  void sync_commits(bool wanted);

  /// When locks and statements give up. Not yet set: they give up at once.
  void limit(SteadyTime until) noexcept { limit_ = until; }
  /// From any thread: waiting for a lock ends now.
  void stop_waiting() noexcept { stopping_ = true; }

  /// Until it is called, closing the last connection leaves log and file as they are: a damaged file is not written to.
  void file_is_sound() noexcept { sqlite3_db_config(db_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr); }

  /// Forgets that a statement failed: a new transaction or savepoint begins.
  void clear_failed() noexcept { failed_ = false; }
  bool failed() const noexcept { return failed_; }
  /// False also when the engine has rolled back by itself.
  bool in_transaction() const noexcept { return sqlite3_get_autocommit(db_.get()) == 0; }

 private:
  struct Prepared {
    std::string text;
    SqliteStatement handle;
    std::vector<int> indexes;  ///< SQLite's index of $1, $2 ...
    bool changes;
  };
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const noexcept { return std::hash<std::string_view>{}(name); }
  };

  static int on_busy(void* self, int tries) noexcept;
  static int on_progress(void* self) noexcept;

  Prepared& prepared(const Statement& statement);
  Prepared prepare(const Statement& statement);
  void bind_all(const Statement& statement, const Prepared& prepared, std::span<const Value> parameters);
  Rows step_all(const Statement& statement, sqlite3_stmt* handle);
  [[noreturn]] void refuse(std::string_view doing, int code);

  std::string path_;
  SteadyTime limit_{};
  std::atomic<bool> stopping_ = false;
  bool failed_ = false;
  bool syncs_commits_ = true;
  std::int64_t changed_ = 0;
  SqliteHandle db_;
  std::unordered_map<std::string, Prepared, NameHash, std::equal_to<>> statements_;  // goes before the connection
};

/// What an SQLite result code means. `doing` names the statement or what was tried.
Failure sqlite_failure(std::string_view doing, const std::string& path, int extended_code, int system_error,
                       std::string_view message);

}  // namespace nephele::sql
