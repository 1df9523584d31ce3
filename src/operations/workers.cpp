// SPDX-License-Identifier: Apache-2.0
// Claiming, running, ending: the worker side of operations.
#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/async_hop.h"
#include "base/fault_point.h"
#include "operations/impl.h"

namespace nephele::operations {

namespace {

constexpr std::size_t due_at_once = 64;
constexpr std::size_t dropped_at_once = 500;

bool worth_retrying(Kind kind) {
  return kind == Kind::busy || kind == Kind::unavailable || kind == Kind::timeout;
}

std::chrono::milliseconds back_off(const Settings& settings, int attempt) {
  auto pause = settings.first_retry;
  for (int turn = 1; turn < attempt && pause < settings.retry_max; ++turn) pause *= 2;
  return std::min(pause, settings.retry_max);
}

}  // namespace

Task<> Operations::Impl::claim_loop() {
  for (;;) {
    last_turn_ms = to_ms(clock.now());
    co_await claim_what_is_due();
    co_await bell_.wait_until(in(settings.poll));
  }
}

Task<> Operations::Impl::claim_what_is_due() {
  while (attempts_.size() < settings.running_max) {
    const Time now = clock.now();
    auto due = co_await database.read([&](sql::Tx& tx) { return store::due(tx, ability_, now, due_at_once); });
    if (!due) {
      log.warn("operations.unreadable", {{"reason", due.error().sentence()}});
      co_return;
    }
    // The handlers once more: SQL compares kinds with LIKE, which is not quite exact. And what is in our hands: its
    // lease only seems to be over, when the clock has been set forward.
    const auto ours = in_hand();
    std::erase_if(*due, [&](const Record& record) {
      return !handlers.contains(record.kind) || std::ranges::find(ours, record.id) != ours.end();
    });
    if (due->empty()) co_return;
    for (const auto& record : *due) {
      if (attempts_.size() >= settings.running_max) co_return;
      auto claimed = co_await database.write([&](sql::Tx& tx) { return store::claim(tx, record.id, claimer_, now); });
      if (!claimed) {
        log.warn("operations.not_claimed", {{"operation", record.id}, {"reason", claimed.error().sentence()}});
        co_return;
      }
      if (*claimed) launch(std::move(**claimed));
    }
  }
}

void Operations::Impl::launch(store::Claimed claimed) {
  const OperationId id = claimed.record.id;
  Attempt& control = attempts_[id];
  control.cancel_asked = claimed.record.cancel_requested;
  ++running_count;
  asio::co_spawn(strand_, attempt(std::move(claimed), control),
                 asio::bind_cancellation_slot(control.signal.slot(), [this, id](const std::exception_ptr& thrown) {
                   if (thrown) std::rethrow_exception(thrown);
                   asio::post(strand_, [this, id] {
                     attempts_.erase(id);
                     waiters_.ring(id);
                     woken();
                     --running_count;  // the last: stop() waits for it, and this object may go afterwards
                   });
                 }));
}

Task<> Operations::Impl::attempt(store::Claimed claimed, Attempt& control) {
  Work work(owner_, database, std::move(claimed.record), std::move(claimed.sealed), claimed.epoch,
            std::move(claimed.steps));
  Handler& handler = *handlers.find(work.record().kind)->second;
  Result<> result = fail(Kind::conflict, "cancelled");
  if (!control.cancel_asked) {
    if (clock.now() > work.record().deadline) {
      const auto& last = work.record().last_error;
      result = fail(Kind::internal, last.empty() ? "the time limit of the operation has passed" : last);
    } else {
      try {
        result = co_await handler.run(work);
      } catch (const boost::system::system_error& error) {
        if (error.code() != asio::error::operation_aborted)
          result = fail(Kind::internal, std::string("unexpected: ") + error.what());
      } catch (const std::exception& error) {
        result = fail(Kind::internal, std::string("unexpected: ") + error.what());
      }
    }
  }
  // A cancelled attempt still has to write down how it ended.
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  if (!work.ended()) co_await conclude(work, handler, std::move(result), control);
}

Task<> Operations::Impl::conclude(const Work& work, Handler& handler, Result<> result, const Attempt& control) {
  const Record& record = work.record();
  const Time now = clock.now();
  const bool retry = !result && !control.cancel_asked && worth_retrying(result.error().kind());
  const auto own_pause = retry ? handler.pause(record, result.error()) : std::nullopt;
  const Time again = now + own_pause.value_or(back_off(settings, record.attempt));
  fault_point(record.kind + ":before_end");
  auto written = co_await database.write([&](sql::Tx& tx) -> Result<> {
    TRY_VOID(work.fence(tx));
    if (control.cancel_asked) {
      store::end(tx, record.id, State::cancelled, Error(Kind::conflict, "overtaken or cancelled"), now);
      handler.cancelled(tx, record);
    } else if (result) {
      store::end(tx, record.id, State::done, std::nullopt, now);
    } else if (control.shutting_down) {
      store::give_back(tx, record.id, now, std::nullopt, now);
    } else if (retry && again <= record.deadline) {
      store::give_back(tx, record.id, again, result.error(), now);
      handler.retried(tx, record, result.error());
    } else {
      store::end(tx, record.id, State::failed, result.error(), now);
      handler.failed(tx, record, result.error());
    }
    return {};
  });
  if (!written) {
    // The lease runs out and the row is claimed again: nothing is lost, it only takes longer.
    log.warn("operation.end_unwritten", {{"operation", record.id}, {"reason", written.error().sentence()}});
  } else if (!result && !control.cancel_asked && !control.shutting_down) {
    // Busy is what somebody waits for, and no trouble: at first.
    constexpr int patient = 10;
    const bool waits = retry && result.error().kind() == Kind::busy && record.attempt <= patient;
    const auto say = waits ? &log::Logger::info : &log::Logger::warn;
    (log.*say)(retry ? "operation.retried" : "operation.failed", {{"operation", record.id},
                                                                  {"kind", record.kind},
                                                                  {"object", record.object},
                                                                  {"attempt", record.attempt},
                                                                  {"reason", result.error().sentence()},
                                                                  {"request", record.request_id}});
  }
}

void Operations::Impl::cancel(OperationId id) {
  const auto found = attempts_.find(id);
  if (found == attempts_.end() || found->second.cancel_asked) return;
  found->second.cancel_asked = true;
  found->second.signal.emit(asio::cancellation_type::terminal);
}

void Operations::Impl::look_for_cancelled() {
  cancel_bell_.ring();
  bell_.ring();
}

Task<> Operations::Impl::lease_loop() {
  auto renewed = std::chrono::steady_clock::now();
  for (;;) {
    co_await cancel_bell_.wait_until(in(std::min(settings.poll, settings.lease / 3)));
    const auto ids = in_hand();
    if (ids.empty()) continue;
    const bool renews = std::chrono::steady_clock::now() - renewed >= settings.lease / 3;
    if (renews) {
      const Time now = clock.now();
      const auto done = co_await database.write([&](sql::Tx& tx) { store::renew(tx, ids, claimer_, now); });
      if (done) renewed = std::chrono::steady_clock::now();
    }
    auto asked = co_await database.read([&](sql::Tx& tx) { return store::asked_to_cancel(tx, claimer_.instance); });
    if (!asked) continue;
    for (const auto id : *asked) cancel(id);
  }
}

Task<> Operations::Impl::cleaning_loop() {
  for (;;) {
    const Time before = clock.now() - settings.keep;
    auto dropped = co_await database.write([&](sql::Tx& tx) { return store::drop_ended(tx, before, dropped_at_once); });
    const bool more = dropped && *dropped == dropped_at_once;
    co_await sleep_for(more ? std::chrono::milliseconds(100) : std::chrono::minutes(10));
  }
}

Task<> Operations::Impl::release_dead_workers() {
  auto known = co_await database.read([&](sql::Tx& tx) { return store::workers_of(tx, settings.place); });
  if (!known) co_return;
  for (const auto& worker : *known) {
    if (worker.process.alive()) continue;
    auto released = co_await database.write([&](sql::Tx& tx) {
      store::remove_worker(tx, worker.instance);
      return store::release_leases(tx, worker.instance);
    });
    if (released && *released > 0)
      log.info("operations.taken_over", {{"count", *released}, {"pid", worker.process.pid}});
  }
}

Task<Result<>> Operations::Impl::start() {
  ability_ = {settings.place, ","};
  for (const auto& [kind, handler] : handlers) ability_.kinds += kind + ",";
  co_await release_dead_workers();
  const Time now = clock.now();
  const auto own = ProcessIdentity::own();
  CO_TRY_VOID(co_await database.write(
      [&](sql::Tx& tx) { store::register_worker(tx, claimer_.instance, settings.place, own, now); }));
  last_turn_ms = to_ms(now);
  loops_.spawn(claim_loop());
  loops_.spawn(lease_loop());
  loops_.spawn(cleaning_loop());
  co_return Result<>{};
}

Task<> Operations::Impl::shut_down_attempts() {
  for (auto& [id, control] : attempts_) {
    control.shutting_down = true;
    control.signal.emit(asio::cancellation_type::terminal);
  }
  co_return;
}

Task<> Operations::Impl::stop() {
  co_await loops_.stop();
  co_await on_executor(strand_, shut_down_attempts());
  while (running_count.load() != 0) co_await sleep_for(std::chrono::milliseconds(5));
  (void)co_await database.write([&](sql::Tx& tx) {
    store::remove_worker(tx, claimer_.instance);
    store::release_leases(tx, claimer_.instance);  // what is still held; the next process goes on at once
  });
}

}  // namespace nephele::operations
