// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/async.h"
#include "sql/postgres_address.h"
#include "sql/sql.h"

/// One connection to a PostgreSQL server; used by one thread at a time. Private to sql/.
namespace nephele::sql {

struct FinishPostgres {
  void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
};
struct ClearPostgres {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using PostgresHandle = std::unique_ptr<PGconn, FinishPostgres>;
using PostgresResult = std::unique_ptr<PGresult, ClearPostgres>;

/// What the server ends by itself.
struct PostgresLimits {
  std::chrono::milliseconds statement;
  std::chrono::milliseconds lock;
};

class PostgresConnection final : public Connection {
 public:
  /// Connects until `until`; gives up early when `wake`, a descriptor, becomes readable. Throws Failure.
  PostgresConnection(const PostgresAddress& address, PostgresLimits limits, SteadyTime until, int wake);
  ~PostgresConnection() override = default;
  PostgresConnection(const PostgresConnection&) = delete;
  PostgresConnection& operator=(const PostgresConnection&) = delete;

  Rows run(const Statement& statement, std::span<const Value> parameters) override;
  std::int64_t changed() const override { return changed_; }

  /// Statements without parameters, several separated by ';'. Throws Failure.
  void script(std::string_view text);

  /// Opens a transaction together with its first statement, which saves a round trip.
  void begin(bool writes);
  /// Throws Failure; when usable() is false afterwards nobody knows the outcome.
  void commit();
  /// Ends the transaction whatever its state. Never throws; afterwards look at usable().
  void roll_back() noexcept;

  /// The cause of the first statement that failed in this transaction.
  std::optional<Failure::Cause> failed() const noexcept { return failed_; }
  /// False when the connection is lost, or in a state that it should not be in: it is to be thrown away.
  bool usable() const noexcept;

 private:
  struct Prepared {
    std::string text;
    std::string server_name;
    std::size_t parameters;
  };
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const noexcept { return std::hash<std::string_view>{}(name); }
  };

  void connect(const PostgresAddress& address, SteadyTime until, int wake);
  const Prepared& prepared(const Statement& statement);
  void send(const Prepared& ready, std::span<const Value> parameters);
  PostgresResult begin_and_run(const Statement& statement, const Prepared& ready, std::span<const Value> parameters);
  void flush();
  void await_answer();
  PostgresResult next_result();
  PostgresResult only_result(std::string_view doing);
  void check(std::string_view doing, const PGresult* result);
  void check_sent(int sent);
  [[noreturn]] void refuse(const Failure& failure);
  [[noreturn]] void lose();
  [[noreturn]] void too_late();

  std::string shown_;
  std::chrono::milliseconds patience_;  ///< a little more than the server's own limit for a statement
  PostgresHandle connection_;
  std::unordered_map<std::string, Prepared, NameHash, std::equal_to<>> statements_;
  std::uint64_t prepared_count_ = 0;
  const char* begin_text_ = nullptr;  ///< set while the transaction is still to be opened
  bool writes_ = true;
  bool abandoned_ = false;
  std::optional<Failure::Cause> failed_;
  SteadyTime limit_{};
  std::int64_t changed_ = 0;
};

/// What a refusal of the server means. `doing` names the statement; `writes` tells the kind of transaction.
Failure postgres_failure(std::string_view doing, std::string_view shown, const PGresult* result, bool writes);

}  // namespace nephele::sql
