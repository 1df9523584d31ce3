// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <vector>

#include "sql/sqlite_connection.h"
#include "sql/waiting.h"

/// The one writer of an SQLite file. Private to sql/.
namespace nephele::sql {

/// Group commit: transactions that wait together run one after the other, each in a savepoint, and share one commit
/// and so one fsync. One that fails is rolled back alone. What the commit decides holds for all of them, so nobody
/// hears an answer before it.
class SqliteWriter {
 public:
  SqliteWriter(SqliteConnection& connection, std::chrono::milliseconds wait_max)
      : connection_(connection), wait_max_(wait_max) {}

  /// Runs and answers all of them.
  void run(std::vector<Waiting> group);

  static constexpr std::size_t group_max = 256;
  /// After this time a group commits what it has, so that slow transactions don't hold up the answers of others.
  static constexpr std::chrono::milliseconds group_time{50};

 private:
  std::optional<Failure> begin(std::span<const Turn> turns);
  std::optional<Failure> commit();
  void roll_back();
  std::size_t run_together(std::span<Turn> turns);
  bool run_in_savepoint(Turn& turn);
  void run_each_alone(std::span<Turn> turns);

  SqliteConnection& connection_;
  std::chrono::milliseconds wait_max_;
};

}  // namespace nephele::sql
