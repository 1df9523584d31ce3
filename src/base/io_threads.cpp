// SPDX-License-Identifier: Apache-2.0
#include "base/io_threads.h"

#include <pthread.h>

#include <string>

namespace nephele {

IoThreads::IoThreads(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    auto& loop = *loops_.emplace_back(std::make_unique<Loop>());
    loop.thread = std::thread([&context = loop.context] { context.run(); });
    pthread_setname_np(loop.thread.native_handle(), ("io-" + std::to_string(i)).c_str());
  }
}

IoThreads::~IoThreads() {
  halt();
}

void IoThreads::finish() {
  for (const auto& loop : loops_) loop->guard.reset();
  for (const auto& loop : loops_)
    if (loop->thread.joinable()) loop->thread.join();
}

void IoThreads::halt() {
  for (const auto& loop : loops_) loop->context.stop();
  for (const auto& loop : loops_)
    if (loop->thread.joinable()) loop->thread.join();
}

std::vector<Executor> IoThreads::executors() const {
  std::vector<Executor> all;
  for (const auto& loop : loops_) all.emplace_back(loop->context.get_executor());
  return all;
}

}  // namespace nephele
