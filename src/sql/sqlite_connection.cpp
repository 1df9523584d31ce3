// SPDX-License-Identifier: Apache-2.0
#include "sql/sqlite_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <limits>
#include <thread>

#include "sql/statement_text.h"

namespace nephele::sql {

namespace {

// Steps of SQLite's virtual machine between two looks at the clock: some 2 ms.
constexpr int progress_steps = 100'000;

/// 3 for "$3"; 0 for every other spelling.
std::size_t parameter_number(const char* name) noexcept {
  if (name == nullptr || name[0] != '$') return 0;
  const std::string_view digits(name + 1);
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc{} && end == digits.data() + digits.size() ? number : 0;
}

Value column_value(sqlite3_stmt* row, int column) {
  switch (sqlite3_column_type(row, column)) {
    case SQLITE_NULL:
      return std::monostate{};
    case SQLITE_INTEGER:
      return std::int64_t{sqlite3_column_int64(row, column)};
    default: {  // text; a number with a point reads as SQLite writes it
      const void* text = sqlite3_column_blob(row, column);
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(row, column));
      return size == 0 ? std::string() : std::string(static_cast<const char*>(text), size);
    }
  }
}

class ResetAtEnd {
 public:
  explicit ResetAtEnd(sqlite3_stmt* statement) : statement_(statement) {}
  ~ResetAtEnd() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  ResetAtEnd(const ResetAtEnd&) = delete;
  ResetAtEnd& operator=(const ResetAtEnd&) = delete;

 private:
  sqlite3_stmt* statement_;
};

}  // namespace

SqliteConnection::SqliteConnection(const std::string& path, Role role) : path_(path) {
  limit(in(std::chrono::seconds(10)));
  sqlite3* raw = nullptr;
  // One thread at a time uses a connection, so SQLite's own mutex is left out.
  const int code =
      sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  db_.reset(raw);
  if (code != SQLITE_OK) refuse("opening", code);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_busy_handler(raw, on_busy, this);
  sqlite3_progress_handler(raw, progress_steps, on_progress, this);
  if (const std::string mode = pragma("PRAGMA journal_mode=WAL"); mode != "wal")
    throw Failure(Failure::Cause::unavailable,
                  fmt::format("{}: this file system does not allow a write-ahead log (journal mode is {}); keep the "
                              "data directory on a local disk",
                              path, mode));
  script(
      "PRAGMA synchronous=FULL;"
      "PRAGMA foreign_keys=ON;"
      "PRAGMA trusted_schema=OFF;"
      "PRAGMA temp_store=MEMORY;"
      "PRAGMA wal_autocheckpoint=1000;"
      "PRAGMA journal_size_limit=67108864;");
  if (role == Role::reader) script("PRAGMA query_only=ON");
}

int SqliteConnection::on_busy(void* self, int tries) noexcept {
  const auto& connection = *static_cast<SqliteConnection*>(self);
  const auto left = connection.limit_ - std::chrono::steady_clock::now();
  if (left <= std::chrono::nanoseconds::zero() || connection.stopping_) return 0;
  const std::chrono::nanoseconds nap = std::chrono::milliseconds(std::min(1 + tries, 20));
  std::this_thread::sleep_for(std::min(nap, std::chrono::nanoseconds(left)));
  return 1;
}

int SqliteConnection::on_progress(void* self) noexcept {
  return std::chrono::steady_clock::now() >= static_cast<SqliteConnection*>(self)->limit_ ? 1 : 0;
}

void SqliteConnection::refuse(std::string_view doing, int code) {
  failed_ = true;
  const int last = errno;  // SQLite keeps none of its own when a COMMIT fails
  int system_error = db_ ? sqlite3_system_errno(db_.get()) : 0;
  if (system_error == 0) system_error = last;
  throw sqlite_failure(doing, path_, code, system_error, db_ ? sqlite3_errmsg(db_.get()) : sqlite3_errstr(code));
}

Rows SqliteConnection::run(const Statement& statement, std::span<const Value> parameters) {
  if (failed_) already_failed(statement);
  failed_ = true;  // unless it ends well
  check_texts(statement, parameters);
  const Prepared& ready = prepared(statement);
  if (ready.indexes.size() != parameters.size()) wrong_count(statement, ready.indexes.size(), parameters.size());
  const ResetAtEnd reset(ready.handle.get());
  bind_all(statement, ready, parameters);
  Rows rows = step_all(statement, ready.handle.get());
  changed_ = ready.changes ? sqlite3_changes64(db_.get()) : 0;
  failed_ = false;
  return rows;
}

SqliteConnection::Prepared& SqliteConnection::prepared(const Statement& statement) {
  if (const auto found = statements_.find(statement.name); found != statements_.end()) {
    if (found->second.text != statement.text) two_texts(statement);
    return found->second;
  }
  if (statements_.size() >= prepared_max) statements_.clear();
  return statements_.emplace(std::string(statement.name), prepare(statement)).first->second;
}

SqliteConnection::Prepared SqliteConnection::prepare(const Statement& statement) {
  Prepared made{std::string(statement.text), nullptr, {}, false};
  sqlite3_stmt* raw = nullptr;
  const char* rest = nullptr;
  const int code = sqlite3_prepare_v3(db_.get(), made.text.c_str(), static_cast<int>(made.text.size()) + 1,
                                      SQLITE_PREPARE_PERSISTENT, &raw, &rest);
  made.handle.reset(raw);
  if (code != SQLITE_OK) refuse(statement.name, code);
  const std::string_view tail(rest);
  if (raw == nullptr || tail.find_first_not_of(" \t\r\n;") != std::string_view::npos)
    throw Failure(Failure::Cause::bug, fmt::format("{}: is not exactly one statement", statement.name));
  made.changes = sqlite3_stmt_readonly(raw) == 0;

  // SQLite numbers $n by first appearance, so each is looked up by its name.
  const int count = sqlite3_bind_parameter_count(raw);
  made.indexes.assign(static_cast<std::size_t>(count), 0);
  for (int index = 1; index <= count; ++index) {
    const std::size_t number = parameter_number(sqlite3_bind_parameter_name(raw, index));
    if (number < 1 || number > made.indexes.size())
      throw Failure(Failure::Cause::bug, fmt::format("{}: parameters must be $1, $2 ... without gaps", statement.name));
    made.indexes[number - 1] = index;
  }
  return made;
}

void SqliteConnection::bind_all(const Statement& statement, const Prepared& ready, std::span<const Value> parameters) {
  sqlite3_stmt* handle = ready.handle.get();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    int code = SQLITE_OK;
    if (const auto* number = std::get_if<std::int64_t>(&parameters[i])) {
      code = sqlite3_bind_int64(handle, ready.indexes[i], *number);
    } else if (const auto* text = std::get_if<std::string>(&parameters[i])) {
      code = sqlite3_bind_text64(handle, ready.indexes[i], text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
    } else {
      code = sqlite3_bind_null(handle, ready.indexes[i]);
    }
    if (code != SQLITE_OK) refuse(statement.name, code);
  }
}

Rows SqliteConnection::step_all(const Statement& statement, sqlite3_stmt* handle) {
  Rows rows;
  for (;;) {
    errno = 0;
    const int code = sqlite3_step(handle);
    if (code == SQLITE_DONE) return rows;
    if (code != SQLITE_ROW) refuse(statement.name, code);
    const int columns = sqlite3_column_count(handle);
    std::vector<Value> values;
    values.reserve(static_cast<std::size_t>(columns));
    for (int column = 0; column < columns; ++column) values.push_back(column_value(handle, column));
    rows.emplace_back(std::move(values));
  }
}

void SqliteConnection::script(std::string_view text) {
  const std::string terminated(text);
  const int code = sqlite3_exec(db_.get(), terminated.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) refuse("a script", code);
}

void SqliteConnection::sync_commits(bool wanted) {
  if (wanted == syncs_commits_) return;
  script(wanted ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
  syncs_commits_ = wanted;
}

std::string SqliteConnection::pragma(const char* text) {
  sqlite3_stmt* raw = nullptr;
  int code = sqlite3_prepare_v2(db_.get(), text, -1, &raw, nullptr);
  const SqliteStatement handle(raw);
  if (code != SQLITE_OK) refuse(text, code);
  // Of several that change a new file to WAL at once, SQLite refuses all but one without a call of the busy handler:
  // each of them reads already, and none could go on before the others let go.
  for (int tries = 0; ((code = sqlite3_step(raw)) & 0xff) == SQLITE_BUSY && on_busy(this, tries) != 0; ++tries)
    sqlite3_reset(raw);
  if (code == SQLITE_DONE) return {};
  if (code != SQLITE_ROW) refuse(text, code);
  const auto* value = sqlite3_column_text(raw, 0);
  return value == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(value));
}

}  // namespace nephele::sql
