// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/async.h"

namespace nephele {

/// A bounded pool for work that blocks or burns CPU (password hashing, qemu-img, file copies). Jobs wait in a queue of
/// limited length; a full queue answers `busy` at once instead of growing. Outlived by the executors of its callers.
class Workers {
 public:
  using Job = std::move_only_function<void()>;

  Workers(std::string name, std::size_t threads, std::size_t queue_max);
  ~Workers();  ///< runs what is queued, then ends the threads
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// The value of `job` on one of the threads. A job that returns Result<X> gives Result<X>.
  template <class F>
  auto run(F job) -> Task<std::conditional_t<IsResult<std::invoke_result_t<F&>>::value, std::invoke_result_t<F&>,
                                             Result<std::invoke_result_t<F&>>>> {
    if (!reserve()) co_return fail(Kind::busy, name_ + " has too much waiting work; try again in a moment");
    auto send = [slot = Slot(*this)](Job work) mutable { slot.fill(std::move(work)); };
    if constexpr (std::is_void_v<std::invoke_result_t<F&>>) {
      co_await run_on(std::move(send), std::move(job));
      co_return Result<>{};
    } else {
      co_return co_await run_on(std::move(send), std::move(job));
    }
  }

 private:
  /// A reserved place in the queue: given back when no job comes into it (the caller is cancelled before).
  class Slot {
   public:
    explicit Slot(Workers& workers) noexcept : workers_(&workers) {}
    Slot(Slot&& other) noexcept : workers_(std::exchange(other.workers_, nullptr)) {}
    Slot& operator=(Slot&&) = delete;
    ~Slot() {
      if (workers_ != nullptr) workers_->give_back();
    }
    void fill(Job job) { std::exchange(workers_, nullptr)->push(std::move(job)); }

   private:
    Workers* workers_;
  };

  bool reserve();
  void give_back() noexcept;
  void close() noexcept;
  void push(Job job);
  void serve();

  std::string name_;
  std::size_t queue_max_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> queue_;
  std::size_t reserved_ = 0;
  bool closing_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace nephele
