// SPDX-License-Identifier: Apache-2.0
#include "base/async.h"

#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <list>

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

// Each waiter has a timer of its own: waiters that shared one would cancel each other for ever. All but `rung` is
// touched on the strand only. While `rung` is set and somebody waits, a handler that will wake them is on its way.
struct Bell::State {
  struct Waiter {
    asio::steady_timer timer;
    bool rung = false;
  };

  explicit State(Executor ex) : strand(asio::make_strand(std::move(ex))) {}

  void wake_all() {
    if (waiting.empty() || !rung.exchange(false)) return;  // kept for the next wait, or taken by it meanwhile
    for (Waiter* waiter : waiting) {
      waiter->rung = true;
      waiter->timer.cancel();
    }
  }

  asio::strand<Executor> strand;
  std::list<Waiter*> waiting;
  std::atomic<bool> rung{false};
};

Bell::Bell(Executor executor) : state_(std::make_shared<State>(std::move(executor))) {}
Bell::~Bell() = default;

void Bell::ring() {
  const auto state = state_;  // who hears the ring may end the bell before we are done
  if (state->rung.exchange(true)) return;
  asio::post(state->strand, [state] { state->wake_all(); });
}

namespace {
template <class State>
Task<bool> wait_on_strand(std::shared_ptr<State> state, SteadyTime when) {
  if (state->rung.exchange(false)) co_return true;
  typename State::Waiter waiter{.timer = asio::steady_timer(state->strand, when)};
  struct Place {
    std::list<typename State::Waiter*>& list;
    typename std::list<typename State::Waiter*>::iterator at;
    ~Place() { list.erase(at); }
  };
  const Place place{state->waiting, state->waiting.insert(state->waiting.end(), &waiter)};
  boost::system::error_code ec;
  co_await waiter.timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
  if (ec && !waiter.rung) throw boost::system::system_error(ec);  // cancelled from outside, not by a ring
  co_return waiter.rung;
}
}  // namespace

Task<bool> Bell::wait_until(SteadyTime when) {
  auto state = state_;
  co_return co_await asio::co_spawn(state->strand, wait_on_strand(state, when), asio::use_awaitable);
}

struct Scope::State {
  explicit State(Executor ex) : executor(ex), strand(asio::make_strand(std::move(ex))) {}

  Executor executor;
  asio::strand<Executor> strand;  // guards everything below
  std::list<asio::cancellation_signal> signals;
  bool stopping = false;
  std::atomic<std::size_t> running{0};
};

Scope::Scope(Executor executor) : state_(std::make_shared<State>(std::move(executor))) {}
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
