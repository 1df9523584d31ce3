// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <boost/asio/cancellation_signal.hpp>
#include <list>
#include <map>
#include <mutex>
#include <set>

#include "base/bells.h"
#include "operations/operations.h"
#include "operations/store.h"

namespace nephele::operations {

inline constexpr std::string_view seal_context = "operations.sealed";

/// The workers of one process. Everything that is not atomic or behind the mutex lives on `strand`.
class Operations::Impl {
 public:
  Impl(Operations& owner, sql::Database& db, const SecretKey& secret_key, const Clock& time, const Executor& executor,
       Settings wanted, log::Logger logger);

  Task<> claim_loop();
  Task<> lease_loop();
  Task<> cleaning_loop();
  Task<Result<>> start();
  Task<> stop();
  Task<Result<Outcome>> wait(OperationId id, SteadyTime deadline);
  std::string sealed(const NewOperation& wanted) const;
  Held hold(sql::Tx& tx, const NewOperation& wanted);
  Result<> settle(sql::Tx& tx, const Held& held);
  Result<> let_go(sql::Tx& tx, const Held& held, const json::Value& payload, std::string_view object);
  void abandon(OperationId id);
  /// From any thread: something may be due.
  void woken() { bell_.ring(); }
  /// From any thread: an attempt may have to be cancelled. The claim loop then finds pending ones by itself.
  void look_for_cancelled();

  sql::Database& database;
  const SecretKey& key;
  const Clock& clock;
  const Settings settings;
  log::Logger log;
  std::atomic<std::int64_t> last_turn_ms{0};
  std::atomic<std::size_t> running_count{0};
  std::map<std::string, Handler*, std::less<>> handlers;

 private:
  /// An attempt under way: how to stop it, and why it was stopped.
  struct Attempt {
    asio::cancellation_signal signal;
    bool cancel_asked = false;
    bool shutting_down = false;
  };

  Task<> claim_what_is_due();
  Task<> attempt(store::Claimed claimed, Attempt& control);
  Task<> conclude(const Work& work, Handler& handler, Result<> result, const Attempt& control);
  void launch(store::Claimed claimed);
  void cancel(OperationId id);
  Task<> shut_down_attempts();
  Task<> release_dead_workers();
  /// The rows that somebody here works on: their leases are renewed, and no others.
  std::vector<OperationId> in_hand();

  Operations& owner_;
  Executor strand_;
  Scope loops_;
  Bell bell_;
  Bell cancel_bell_;
  store::Claimer claimer_;
  store::Ability ability_;  // fixed once started
  std::map<OperationId, Attempt> attempts_;
  std::mutex held_mutex_;
  std::set<OperationId> held_;  // rows of hold(), behind the mutex

  Bells<OperationId> waiters_;
};

}  // namespace nephele::operations
