// SPDX-License-Identifier: Apache-2.0
#include "base/async.h"

#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <list>
#include <mutex>

namespace nephele {

Task<> sleep_until(SteadyTime when) {
  asio::steady_timer timer(co_await asio::this_coro::executor, when);
  co_await timer.async_wait(asio::use_awaitable);
}

Task<> sleep_for(std::chrono::milliseconds span) {
  co_await sleep_until(in(span));
}

Task<Executor> this_executor() {
  co_return co_await asio::this_coro::executor;
}

Executor strand_over(const Executor& executor) {
  if (const auto* plain = executor.target<asio::io_context::executor_type>()) return asio::make_strand(*plain);
  return asio::make_strand(executor);
}

// A waiter's timer is touched on the waiter's own executor only, so ring() posts there; all else is guarded by the
// mutex. Nobody is moved to another executor for the wait: see on_executor() about what that costs.
struct Bell::State {
  struct Waiter {
    Waiter(const Executor& ex, SteadyTime when) : executor(ex), timer(ex, when) {}
    Executor executor;
    asio::steady_timer timer;
    bool rung = false;
  };
  using Waiters = std::list<std::shared_ptr<Waiter>>;

  /// A waiter's place in the list, for as long as it waits.
  class Place {
   public:
    Place(std::shared_ptr<State> state, std::shared_ptr<Waiter> waiter)
        : state_(std::move(state)), waiter_(std::move(waiter)) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
      const std::lock_guard lock(state_->mutex);
      state_->waiting.remove(waiter_);
    }

   private:
    std::shared_ptr<State> state_;
    std::shared_ptr<Waiter> waiter_;
  };

  /// True when a ring was kept, which is taken; else the waiter is on the list.
  bool take_or_wait(const std::shared_ptr<Waiter>& waiter) {
    const std::lock_guard lock(mutex);
    if (std::exchange(rung, false)) return true;
    waiting.push_back(waiter);
    return false;
  }
  bool was_rung(const Waiter& waiter) {
    const std::lock_guard lock(mutex);
    return waiter.rung;
  }

  std::mutex mutex;
  Waiters waiting;
  bool rung = false;
};

Bell::Bell() : state_(std::make_shared<State>()) {}
Bell::~Bell() = default;

void Bell::ring() {
  const auto state = state_;  // who hears the ring may end the bell before we are done
  State::Waiters awake;
  {
    const std::lock_guard lock(state->mutex);
    state->rung = state->waiting.empty();
    awake.swap(state->waiting);
    for (const auto& waiter : awake) waiter->rung = true;
  }
  for (const auto& waiter : awake) asio::post(waiter->executor, [waiter] { waiter->timer.cancel(); });
}

Task<bool> Bell::wait_until(SteadyTime when) {
  const auto state = state_;
  const auto waiter = std::make_shared<State::Waiter>(co_await this_executor(), when);
  if (state->take_or_wait(waiter)) co_return true;
  const State::Place place(state, waiter);
  boost::system::error_code ec;
  co_await waiter->timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
  const bool rung = state->was_rung(*waiter);
  if (ec && !rung) throw boost::system::system_error(ec);  // cancelled from outside, not by a ring
  co_return rung;
}

struct Scope::State {
  explicit State(const Executor& ex) : executor(ex), strand(strand_over(ex)) {}

  Executor executor;
  Executor strand;  // guards everything below
  std::list<asio::cancellation_signal> signals;
  bool stopping = false;
  std::atomic<std::size_t> running{0};
};

Scope::Scope(const Executor& executor) : state_(std::make_shared<State>(executor)) {}
Scope::~Scope() = default;

const Executor& Scope::executor() const {
  return state_->executor;
}
std::size_t Scope::running() const {
  return state_->running.load();
}

namespace {
bool is_cancellation(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const boost::system::system_error& error) {
    return error.code() == asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}
}  // namespace

void Scope::spawn(Task<> work) {
  const auto kept = state_;  // as in ring()
  ++kept->running;
  asio::post(kept->strand, [state = kept, work = std::move(work)]() mutable {
    if (state->stopping) {
      --state->running;
      return;
    }
    const auto signal = state->signals.emplace(state->signals.end());
    // Run on the strand: cancellation signals may only be emitted where the coroutine runs.
    asio::co_spawn(state->strand, std::move(work),
                   asio::bind_cancellation_slot(signal->slot(), [state, signal](const std::exception_ptr& thrown) {
                     if (thrown && !is_cancellation(thrown)) std::rethrow_exception(thrown);
                     asio::post(state->strand, [state, signal] {
                       state->signals.erase(signal);
                       --state->running;
                     });
                   }));
  });
}

Task<> Scope::stop() {
  auto state = state_;
  asio::post(state->strand, [state] {
    state->stopping = true;
    for (auto& signal : state->signals) signal.emit(asio::cancellation_type::terminal);
  });
  // Polled, because the last task may end on the strand while we run elsewhere; a shutdown can afford 5 ms.
  while (state->running.load() != 0) co_await sleep_for(std::chrono::milliseconds(5));
}

}  // namespace nephele
