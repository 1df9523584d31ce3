// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <random>

#include "base/file_handle.h"
#include "sql/postgres_connection.h"
#include "sql/waiting.h"

/// One of the connections that serve PostgreSQL transactions. Private to sql/.
namespace nephele::sql {

/// A descriptor that becomes readable once, for everybody who waits: the database is being closed.
class StopSign {
 public:
  StopSign();
  void raise() noexcept;
  int descriptor() const noexcept { return event_.get(); }
  /// True when it was raised, false when the time came first.
  bool wait_until(SteadyTime until) const noexcept;

 private:
  FileHandle event_;
};

/// Runs transactions on a connection that it makes, and makes again when it is lost.
class PostgresWorker {
 public:
  PostgresWorker(const PostgresAddress& address, PostgresLimits limits, const StopSign& stop)
      : address_(address), limits_(limits), stop_(stop), dice_(std::random_device{}()) {}

  /// Takes over a connection that is open already.
  void adopt(std::unique_ptr<PostgresConnection> connection) { connection_ = std::move(connection); }
  /// Runs and answers one transaction.
  void run(Waiting waiting);

 private:
  enum class Next : std::uint8_t { answer, again, nothing };

  Next attempt(Turn& turn);
  Next end(Turn& turn, bool good);
  Next end_commit(Turn& turn);
  Next judge(Turn& turn, Failure::Cause cause);
  void pause(int attempt, SteadyTime deadline);
  void drop_if_unusable();

  const PostgresAddress& address_;
  PostgresLimits limits_;
  const StopSign& stop_;
  std::minstd_rand dice_;
  std::unique_ptr<PostgresConnection> connection_;
};

}  // namespace nephele::sql
