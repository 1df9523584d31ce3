// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/async.h"
#include "base/error.h"
#include "sql/sql.h"

/// Transactions on their way to a connection's thread. Private to sql/.
namespace nephele::sql {

/// One transaction: what to run, whom to tell, until when.
struct Waiting {
  std::move_only_function<bool(Tx&)> body;
  std::move_only_function<void(std::optional<Error>)> done;  ///< called exactly once
  SteadyTime deadline;
  Purpose purpose;
};

/// A bounded queue of transactions that several threads serve, oldest first.
class WaitingLine {
 public:
  explicit WaitingLine(std::size_t max) : max_(max) {}

  /// False, and `waiting` untouched, when the line is full.
  bool push(Waiting& waiting);
  /// Waits for work. At most `max` transactions; none once the line is closed.
  std::vector<Waiting> pop(std::size_t max);
  /// Ends all waiting; what was still in the line is answered `unavailable`, and so is what comes later.
  void close();

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Waiting> line_;
  std::size_t max_;
  bool closed_ = false;
};

/// A transaction that has been run: what its caller will hear once the outcome is on disk.
struct Turn {
  explicit Turn(Waiting w) : waiting(std::move(w)) {}

  /// Runs the body in a fresh Tx; true asks for commit. Never throws: exceptions become `failed`.
  bool run(Connection& connection);
  /// Runs the hooks if it was committed, then tells the caller.
  void conclude();
  bool expired() const { return std::chrono::steady_clock::now() >= waiting.deadline; }

  Waiting waiting;
  std::optional<Error> failed;          ///< what the caller hears instead of the body's own answer
  std::optional<Failure::Cause> cause;  ///< set when the last run ended with a Failure
  bool committed = false;
  std::vector<std::move_only_function<void()>> hooks;
};

Error waited_too_long();
/// The body caught a Failure and asked for commit all the same.
Failure swallowed_failure();

}  // namespace nephele::sql
