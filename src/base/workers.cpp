// SPDX-License-Identifier: Apache-2.0
#include "base/workers.h"

#include <pthread.h>

namespace nephele {

Workers::Workers(std::string name, std::size_t threads, std::size_t queue_max)
    : name_(std::move(name)), queue_max_(queue_max) {
  threads_.reserve(threads);
  try {
    for (std::size_t i = 0; i < threads; ++i) {
      threads_.emplace_back([this] { serve(); });
      pthread_setname_np(threads_.back().native_handle(), name_.substr(0, 15).c_str());
    }
  } catch (...) {  // no more threads: those that began would wait for ever, and we for them
    close();
    throw;
  }
}

Workers::~Workers() {
  close();
}

void Workers::close() noexcept {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
}

bool Workers::reserve() {
  const std::lock_guard lock(mutex_);
  if (reserved_ >= queue_max_ || closing_) return false;
  ++reserved_;
  return true;
}

void Workers::give_back() noexcept {
  const std::lock_guard lock(mutex_);
  --reserved_;
}

void Workers::push(Job job) {
  // Inside the lock: once it is free, the job may be done and its caller may have ended us.
  const std::lock_guard lock(mutex_);
  queue_.push_back(std::move(job));
  wake_.notify_one();
}

void Workers::serve() {
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return !queue_.empty() || closing_; });
      if (queue_.empty()) return;
      job = std::move(queue_.front());
      queue_.pop_front();
      --reserved_;
    }
    job();
  }
}

}  // namespace nephele
