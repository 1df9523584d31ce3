// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/async.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"

/// One Database over SQLite and PostgreSQL. Statements are written once, with $1, $2 ... for parameters, in the SQL
/// that both understand: BIGINT and TEXT columns only (booleans are 0/1, times are milliseconds, binary is hex or
/// base64), ON CONFLICT, RETURNING, keyset paging; no now(), no ILIKE, no arrays.
namespace nephele::sql {

/// A named statement: the name is a metric label and a log field, and the key of the prepared statement.
struct Statement {
  std::string_view name;  ///< "server.find"
  std::string_view text;
};

using Value = std::variant<std::monostate, std::int64_t, std::string>;

/// Thrown inside a transaction for what the engine refuses; rolls back and becomes an Error at read()/write().
/// `serialization` and `unavailable` are retried by the database as far as the deadline allows. After a Failure the
/// transaction can only roll back: a body may catch one to answer its own Error, but every further statement throws
/// and a commit is refused, on both engines. What may well happen is written as ON CONFLICT instead.
class Failure : public std::exception {
 public:
  enum class Cause : std::uint8_t {
    unique,         ///< a unique or primary key is taken                                       -> Kind::conflict
    constraint,     ///< another constraint                                                     -> conflict
    text,           ///< a text holds a NUL, is not UTF-8 or too long for the engine            -> invalid
    serialization,  ///< run again                                                              -> busy
    unavailable,    ///< the engine can't be reached, is shutting down, is locked for too long  -> unavailable
    timeout,        ///< a statement ran for longer than Settings::wait_max                     -> timeout
    disk_full,      ///< goes on by itself when there is room                                   -> unavailable
    corrupt,        ///<                                                                        -> unavailable
    bug,            ///< bad SQL, wrong parameter count, a change inside read()                 -> internal
  };
  Failure(Cause cause, std::string text) : cause_(cause), text_(std::move(text)) {}
  Cause cause() const noexcept { return cause_; }
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  Cause cause_;
  std::string text_;
};

class Row {
 public:
  explicit Row(std::vector<Value> values) : values_(std::move(values)) {}
  bool is_null(std::size_t column) const { return values_.at(column).index() == 0; }
  std::int64_t integer(std::size_t column) const { return std::get<std::int64_t>(values_.at(column)); }
  bool boolean(std::size_t column) const { return integer(column) != 0; }
  const std::string& text(std::size_t column) const { return std::get<std::string>(values_.at(column)); }
  Time time(std::size_t column) const { return from_ms(integer(column)); }
  std::optional<std::int64_t> maybe_integer(std::size_t column) const;
  std::optional<std::string> maybe_text(std::size_t column) const;
  std::optional<Time> maybe_time(std::size_t column) const;
  std::size_t size() const noexcept { return values_.size(); }

 private:
  std::vector<Value> values_;
};
using Rows = std::vector<Row>;

// Parameters: what a caller may bind. Ids and times bind as what they hold.
inline Value bind(std::int64_t v) {
  return v;
}
inline Value bind(int v) {
  return std::int64_t{v};
}
inline Value bind(std::uint32_t v) {
  return std::int64_t{v};
}
inline Value bind(std::uint64_t v) {
  return static_cast<std::int64_t>(v);
}
inline Value bind(bool v) {
  return std::int64_t{v ? 1 : 0};
}
inline Value bind(std::string v) {
  return v;
}
inline Value bind(std::string_view v) {
  return std::string(v);
}
inline Value bind(const char* v) {
  return std::string(v);
}
inline Value bind(Time v) {
  return to_ms(v);
}
inline Value bind(std::nullopt_t) {
  return std::monostate{};
}
template <class Tag>
Value bind(const Id<Tag>& id) {
  return id.text();
}
template <class Tag>
Value bind(NumericId<Tag> id) {
  return id.number();
}
template <class T>
Value bind(const std::optional<T>& v) {
  return v ? bind(*v) : Value{std::monostate{}};
}

/// What the database tells a caller about a Failure; its cause is the detail "sql" ("unique", "disk_full" ...).
Error to_error(const Failure& failure);
std::string_view to_string(Failure::Cause cause) noexcept;

/// The engine below a transaction.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual Rows run(const Statement& statement, std::span<const Value> parameters) = 0;
  /// Rows changed by the last run().
  virtual std::int64_t changed() const = 0;
};

/// An open transaction: a synchronous function runs with it on a connection's own thread. It has no side effects but
/// SQL and may run twice. What it throws, or a Result without a value that it returns, rolls back. A Failure becomes
/// its Error, another exception becomes `internal`: nothing is thrown at the caller of read() and write().
class Tx {
 public:
  explicit Tx(Connection& connection) : connection_(connection) {}
  Tx(const Tx&) = delete;
  Tx& operator=(const Tx&) = delete;

  template <class... Args>
  Rows query(const Statement& statement, const Args&... args) {
    const std::array<Value, sizeof...(Args)> parameters{bind(args)...};
    return connection_.run(statement, parameters);
  }
  /// The same where the number of parameters is known only at run time.
  Rows query_list(const Statement& statement, std::span<const Value> parameters) {
    return connection_.run(statement, parameters);
  }
  /// The only row, or nothing. More than one row is a bug and throws.
  template <class... Args>
  std::optional<Row> maybe_one(const Statement& statement, const Args&... args) {
    return at_most_one(statement, query(statement, args...));
  }
  /// The only row; none is a bug and throws.
  template <class... Args>
  Row one(const Statement& statement, const Args&... args) {
    return exactly_one(statement, query(statement, args...));
  }
  /// The number of rows changed.
  template <class... Args>
  std::int64_t execute(const Statement& statement, const Args&... args) {
    query(statement, args...);
    return connection_.changed();
  }

  /// Runs once this transaction is on disk, on the connection's thread: ring a bell, nothing that can fail or block.
  /// Dropped when the transaction rolls back.
  void after_commit(std::move_only_function<void()> hook) { hooks_.push_back(std::move(hook)); }
  std::vector<std::move_only_function<void()>> take_hooks() { return std::exchange(hooks_, {}); }

 private:
  static std::optional<Row> at_most_one(const Statement& statement, Rows rows);
  static Row exactly_one(const Statement& statement, Rows rows);

  Connection& connection_;
  std::vector<std::move_only_function<void()>> hooks_;
};

/// A schema step of one service: forward only, applied once, in a transaction, its hash recorded.
struct Migration {
  std::string_view service;  ///< "compute"; steps of one service run in the order of the list
  int version;               ///< 1, 2, 3 ... without gaps
  std::string_view name;     ///< "0001_servers"
  std::string_view text;     ///< statements separated by ';' at line ends; both engines
};

struct Settings {
  /// "sqlite:/path/to/file" or a libpq URL "postgresql://user@host:port/name?...". May hold a password: never shown.
  std::string url;
  std::size_t readers = 2;       ///< read connections (SQLite), all connections minus one (PostgreSQL)
  std::size_t queue_max = 4096;  ///< transactions that may wait; more answer `busy`
  /// For a place in the queue, a lock, a lost server, a serialization retry; then `timeout` or `unavailable`. A
  /// statement that runs for longer is ended.
  std::chrono::milliseconds wait_max{10'000};
  bool check_whole = false;  ///< SQLite: read every page of a file of any size before it is used
};

enum class Engine : std::uint8_t { sqlite, postgresql };

/// What a transaction is for. A passing change may be lost when the machine dies (Outlasts::kill).
enum class Purpose : std::uint8_t { look, change, passing_change };

/// What a commit outlasts. `kill`: the death of this program, not of its machine; where PostgreSQL keeps the rows,
/// which may die alone, it is the same as `power_cut`.
enum class Outlasts : std::uint8_t { power_cut, kill };

/// What a transaction of F answers: Result<X> stays, a plain X becomes Result<X>.
template <class F>
using Answer = std::conditional_t<IsResult<std::invoke_result_t<F&, Tx&>>::value, std::invoke_result_t<F&, Tx&>,
                                  Result<std::invoke_result_t<F&, Tx&>>>;

/// Thread-safe. Every transaction is awaited; the caller resumes on its own executor, which outlives the Database.
/// Destruction waits for the transactions that run and answers `unavailable` to those that wait.
///
/// Errors of every transaction, beside the body's own: `busy` (queue_max are waiting), `timeout`, and what to_error()
/// says. A PostgreSQL server that is lost before COMMIT was sent costs a retry; one that is lost while COMMIT is under
/// way leaves a write whose outcome nobody knows: `unavailable`, a sentence that says so, and the detail
/// "outcome" = "unknown". Callers make what they write repeatable (ids of their own, ON CONFLICT).
///
/// Statements for both engines: a parameter whose type the place does not tell (`SELECT $1`, `$1 IS NULL`, `$1 + 1`)
/// is written CAST($1 AS BIGINT) or CAST($1 AS TEXT); every number from 1 to the last is used.
class Database {
 public:
  virtual ~Database() = default;

  /// Opens (and creates, for SQLite: WAL, synchronous=FULL, mode 0600) without touching the schema. A corrupt file, a
  /// wrong password or a missing server is an Error that says what to do. PostgreSQL that goes away later is
  /// reconnected by itself.
  static Result<std::unique_ptr<Database>> open(const Settings& settings);

  virtual Engine engine() const noexcept = 0;

  /// Runs the missing steps under one lock, so that several processes may start at once; refuses a schema that is
  /// newer than the list, or whose steps were changed afterwards, with a sentence. Blocking: for start-up.
  virtual Result<> migrate(std::span<const Migration> migrations) = 0;

  /// A consistent copy while others write (SQLite: VACUUM INTO; PostgreSQL: refused, pg_dump is the tool). Blocking.
  virtual Result<> backup_to(const std::string& path) = 0;

  /// Reads and changes. SQLite: BEGIN IMMEDIATE on the one writer thread, waiting transactions share one commit (each
  /// in a savepoint, so one that fails rolls back alone). PostgreSQL: READ COMMITTED on one of several connections;
  /// take row locks with lock_clause(); serialization failures and deadlocks are retried. A commit that need not
  /// outlast a power cut waits for no disk; of those that share one, the most careful decides.
  template <class F>
  Task<Answer<F>> write(F body, Outlasts outlasts = Outlasts::power_cut) {
    std::optional<Answer<F>> answer;
    const std::optional<Error> failed =
        co_await submit(outlasts == Outlasts::kill ? Purpose::passing_change : Purpose::change, erase(body, answer));
    co_return conclude<F>(failed, std::move(answer));
  }
  /// Reads one consistent snapshot; changes are refused by the engine.
  template <class F>
  Task<Answer<F>> read(F body) {
    std::optional<Answer<F>> answer;
    const std::optional<Error> failed = co_await submit(Purpose::look, erase(body, answer));
    co_return conclude<F>(failed, std::move(answer));
  }

  /// The same on the calling thread, which waits: for start-up, command-line verbs and tests.
  template <class F>
  Answer<F> write_now(F body) {
    std::optional<Answer<F>> answer;
    const std::optional<Error> failed = run_now(Purpose::change, erase(body, answer));
    return conclude<F>(failed, std::move(answer));
  }
  template <class F>
  Answer<F> read_now(F body) {
    std::optional<Answer<F>> answer;
    const std::optional<Error> failed = run_now(Purpose::look, erase(body, answer));
    return conclude<F>(failed, std::move(answer));
  }

  /// " FOR UPDATE" on PostgreSQL, "" on SQLite (whose writers are alone): for statements built once at start.
  std::string_view lock_clause() const noexcept { return engine() == Engine::postgresql ? " FOR UPDATE" : ""; }

 protected:
  /// Runs the caller's function; true asks for commit. May be called more than once.
  using Body = std::move_only_function<bool(Tx&)>;

  /// Queues a transaction and resumes the caller when it is committed, refused or rolled back. A value is the failure.
  virtual Task<std::optional<Error>> submit(Purpose purpose, Body body) = 0;
  virtual std::optional<Error> run_now(Purpose purpose, Body body) = 0;

 private:
  // The body and the answer live in the awaiting frame, which outlives the transaction: it resumes only afterwards.
  template <class F>
  static Body erase(F& body, std::optional<Answer<F>>& answer) {
    return [&body, &answer](Tx& tx) {
      if constexpr (std::is_void_v<std::invoke_result_t<F&, Tx&>>) {
        body(tx);
        answer.emplace();
      } else {
        answer.emplace(body(tx));
      }
      return answer->has_value();
    };
  }
  template <class F>
  static Answer<F> conclude(const std::optional<Error>& failed, std::optional<Answer<F>> answer) {
    if (failed) return fail(*failed);
    return std::move(*answer);
  }
};

}  // namespace nephele::sql
