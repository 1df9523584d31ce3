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

Task<> sleep_for(std::chrono::milliseconds span) { co_await sleep_until(in(span)); }

Task<Executor> this_executor() { co_return co_await asio::this_coro::executor; }

// The timer is touched on the strand only; `rung` is what makes a ring without a waiter stay.
struct Bell::State : std::enable_shared_from_this<Bell::State> {
  explicit State(Executor ex) : strand(asio::make_strand(std::move(ex))), timer(strand) {}
  asio::strand<Executor> strand;
  asio::steady_timer timer;
  std::atomic<bool> rung{false};
};

Bell::Bell(Executor executor) : state_(std::make_shared<State>(std::move(executor))) {}
Bell::~Bell() = default;

void Bell::ring() {
  if (state_->rung.exchange(true)) return;
  asio::post(state_->strand, [state = state_] { state->timer.cancel(); });
}

namespace {
template <class State>
Task<bool> wait_on_strand(std::shared_ptr<State> state, SteadyTime when) {
  while (!state->rung.exchange(false)) {
    if (std::chrono::steady_clock::now() >= when) co_return false;
    state->timer.expires_at(when);
    if (state->rung.load()) continue;  // rang between the check and the arming; its cancel() may have passed already
    boost::system::error_code ec;
    co_await state->timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
  }
  co_return true;
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

const Executor& Scope::executor() const { return state_->executor; }
std::size_t Scope::running() const { return state_->running.load(); }

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
  ++state_->running;
  asio::post(state_->strand, [state = state_, work = std::move(work)]() mutable {
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
