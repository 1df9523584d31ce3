// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "base/async.h"

/// For tests only: coroutines run to their end.
namespace nephele {

/// Runs `work` alone on one thread until nothing is left to do; its value, or its exception.
template <class T>
T run_to_end(Task<T> work) {
  asio::io_context io;
  std::optional<T> answer;
  std::exception_ptr thrown = std::make_exception_ptr(std::runtime_error("the coroutine never ended"));
  asio::co_spawn(io, std::move(work), [&](std::exception_ptr why, T value) {
    thrown = why;
    answer.emplace(std::move(value));
  });
  io.run();
  if (thrown) std::rethrow_exception(thrown);
  return std::move(*answer);
}

inline void run_to_end(Task<> work) {
  asio::io_context io;
  std::exception_ptr thrown = std::make_exception_ptr(std::runtime_error("the coroutine never ended"));
  asio::co_spawn(io, std::move(work), [&](std::exception_ptr why) { thrown = why; });
  io.run();
  if (thrown) std::rethrow_exception(thrown);
}

/// An io_context that several threads run until it goes.
class RunningContext {
 public:
  explicit RunningContext(std::size_t threads) : guard_(io_.get_executor()) {
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { io_.run(); });
  }
  ~RunningContext() {
    guard_.reset();
    io_.stop();
  }
  RunningContext(const RunningContext&) = delete;
  RunningContext& operator=(const RunningContext&) = delete;

  Executor executor() { return io_.get_executor(); }

  /// Runs `work` on a strand of its own and waits for it here.
  template <class T>
  T wait(Task<T> work) {
    return begin(std::move(work)).get();
  }
  template <class T>
  std::future<T> begin(Task<T> work) {
    return asio::co_spawn(asio::make_strand(io_), std::move(work), asio::use_future);
  }

 private:
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> guard_;
  std::vector<std::jthread> threads_;
};

}  // namespace nephele
