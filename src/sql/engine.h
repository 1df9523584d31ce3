// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <thread>
#include <vector>

#include "sql/sql.h"
#include "sql/waiting.h"

namespace nephele::sql {

/// What both engines share: threads that serve lines of waiting transactions. Private to sql/.
class QueuedDatabase : public Database {
 protected:
  explicit QueuedDatabase(std::chrono::milliseconds wait_max) : wait_max_(wait_max) {}

  /// The line for such a transaction.
  virtual WaitingLine& line_for(Purpose purpose) = 0;

  Task<std::optional<Error>> submit(Purpose purpose, Body body) final;
  std::optional<Error> run_now(Purpose purpose, Body body) final;

  /// Starts a named thread of this database; join_threads() waits for all of them.
  void start_thread(const char* name, std::move_only_function<void()> serve);
  void join_threads() { threads_.clear(); }

  std::chrono::milliseconds wait_max() const noexcept { return wait_max_; }

 private:
  void enqueue(Waiting waiting);

  std::chrono::milliseconds wait_max_;
  std::vector<std::jthread> threads_;  // changed only while nobody else knows the database
};

}  // namespace nephele::sql
