// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <future>
#include <stdexcept>
#include <thread>
#include <utility>

#include "base/async.h"

namespace nephele::runtimes::testing {

/// One executor with its thread, and a way for a test to wait for a task on it.
class Running {
 public:
  Running() : guard_(io_.get_executor()), thread_([this] { io_.run(); }) {}
  ~Running() {
    guard_.reset();
    io_.stop();
    thread_.join();
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  Executor executor() { return io_.get_executor(); }

  template <class T>
  std::future<T> begin(Task<T> task) {
    return asio::co_spawn(io_, std::move(task), asio::use_future);
  }
  template <class T>
  T run(Task<T> task) {
    auto answer = begin(std::move(task));
    if (answer.wait_for(std::chrono::seconds{60}) != std::future_status::ready)
      throw std::runtime_error("no answer in 60 s");
    return answer.get();
  }

 private:
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard_;
  std::thread thread_;
};

/// Stands before sql::testing::TestDatabases in a list of bases, because an executor outlives the database that
/// resumes on it (sql/sql.h).
struct WithLoop {
  Running loop;
};

/// Looks again and again until it holds; false after 20 s.
template <class Condition>
bool eventually(Condition holds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return true;
}

}  // namespace nephele::runtimes::testing
