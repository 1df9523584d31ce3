// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/task.h"

/// Waiting: until a time, for work on another thread, for a signal. Every wait has a limit.
namespace nephele {

using SteadyTime = std::chrono::steady_clock::time_point;
using Executor = asio::any_io_executor;

inline SteadyTime in(std::chrono::milliseconds span) {
  return std::chrono::steady_clock::now() + span;
}

Task<> sleep_until(SteadyTime when);
Task<> sleep_for(std::chrono::milliseconds span);
/// The executor that this coroutine runs on.
Task<Executor> this_executor();

/// Runs `job` where `post` sends it (a thread, a pool) and resumes the caller on its own executor. An exception of
/// `job` is thrown at the caller. The job itself is not cancelled: it must be short or have its own limit.
template <class Post, class Job>
Task<std::invoke_result_t<Job&>> run_on(Post post, Job job) {
  using Answer = std::invoke_result_t<Job&>;
  using Boxed = std::conditional_t<std::is_void_v<Answer>, std::optional<std::monostate>, std::optional<Answer>>;
  auto boxed = co_await asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr, Boxed)>(
      [](auto handler, Post send, Job work) {
        auto executor = asio::prefer(asio::get_associated_executor(handler), asio::execution::outstanding_work.tracked);
        send([handler = std::move(handler), executor = std::move(executor), work = std::move(work)]() mutable {
          std::exception_ptr thrown;
          Boxed answer;
          try {
            if constexpr (std::is_void_v<Answer>) {
              work();
              answer.emplace();
            } else {
              answer.emplace(work());
            }
          } catch (...) {
            thrown = std::current_exception();
          }
          asio::post(executor, [handler = std::move(handler), thrown, answer = std::move(answer)]() mutable {
            std::move(handler)(thrown, std::move(answer));
          });
        });
      },
      asio::use_awaitable, std::move(post), std::move(job));
  if constexpr (!std::is_void_v<Answer>) co_return std::move(*boxed);
}

/// A new strand: what runs on it runs one at a time. Better than asio::make_strand(executor), which buries one erased
/// executor in another: that costs an allocation and a shared count for each copy, and ThreadSanitizer, which does not
/// understand that count's fence, then reports races that are none.
Executor strand_over(const Executor& executor);

/// Runs `work` on another executor (a strand, or a context with one thread) and resumes the caller on its own;
/// cancelling the caller cancels the work there. Never co_await asio::co_spawn(other, ...) for that: Boost 1.81 sends a
/// cancellation to the other executor with a bare pointer, which dangles when the work ends at that moment (found by a
/// crash).
template <class T>
Task<T> on_executor(Executor other, Task<T> work);

/// A bell that any number of coroutines wait for; ring() may come from any thread and wakes all who wait. A ring while
/// nobody waits is kept for the next wait, so no wake-up is lost; several such rings are one.
class Bell {
 public:
  Bell();
  explicit Bell(const Executor&) : Bell() {}  ///< every waiter brings its own executor; this form says so aloud
  ~Bell();
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  void ring();
  /// True when it rang, false when the time came first.
  Task<bool> wait_until(SteadyTime when);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Background work with an owner: stop() cancels all of it and waits until the last coroutine has ended; a task of the
/// scope must not await it. Tasks run on one strand over the scope's executor: one at a time. An exception other than
/// cancellation ends the program: it is a bug.
class Scope {
 public:
  explicit Scope(const Executor& executor);
  ~Scope();  ///< the owner must have awaited stop(), or the executor must no longer run
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  /// May be called from any thread. After stop() the task is dropped without being started.
  void spawn(Task<> work);
  Task<> stop();
  std::size_t running() const;
  const Executor& executor() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Runs `work`; when the deadline comes first, cancels it and answers `timeout` with `who` in the sentence. Waits until
/// the cancelled work has ended, so a job of run_on() is waited for. An exception of `work` is thrown at once. Runs on
/// a strand or on a context with one thread, as all coroutines here do.
template <class T>
Task<Result<T>> with_deadline(Task<Result<T>> work, SteadyTime deadline, std::string who);

}  // namespace nephele

#include "base/async_deadline.h"  // IWYU pragma: export
#include "base/async_hop.h"       // IWYU pragma: export
