// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/async.h"

namespace nephele {

/// One io_context and one thread each, as programs and tests run on them. Goes last: what still waits on it is dropped.
class IoThreads {
 public:
  explicit IoThreads(std::size_t count);
  ~IoThreads();
  IoThreads(const IoThreads&) = delete;
  IoThreads& operator=(const IoThreads&) = delete;

  /// Lets everything that has begun end, then ends the threads.
  void finish();
  /// Ends the threads between two steps, as a death of the process would; what waits on them never goes on.
  void halt();

  std::vector<Executor> executors() const;
  Executor first() const { return loops_.front()->context.get_executor(); }

  /// Runs a task on the first thread and waits for it on this one, which is none of ours. Throws what the task throws,
  /// and std::runtime_error when it takes longer than `limit`.
  template <class T>
  T run(Task<T> task, std::chrono::milliseconds limit = std::chrono::minutes(2)) {
    auto answer = begin(std::move(task));
    if (answer.wait_for(limit) != std::future_status::ready) throw std::runtime_error("no answer within the limit");
    return answer.get();
  }
  template <class T>
  std::future<T> begin(Task<T> task) {
    return asio::co_spawn(first(), std::move(task), asio::use_future);
  }

 private:
  struct Loop {
    asio::io_context context{1};
    asio::executor_work_guard<asio::io_context::executor_type> guard = asio::make_work_guard(context);
    std::thread thread;
  };
  std::vector<std::unique_ptr<Loop>> loops_;
};

}  // namespace nephele
