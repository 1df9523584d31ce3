// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "loop.h"

namespace guest {

/// One thread for what waits for the disk. Jobs run one after the other in the order given, so they also need no lock
/// among themselves; what a job returns is called on the loop.
class Worker {
 public:
  using Completion = std::function<void()>;
  using Job = std::function<Completion()>;

  explicit Worker(Loop& loop);
  ~Worker();

  void run(Job job);
  /// Waits until every job given so far is done, and delivers what they returned.
  void finish();

 private:
  void work();
  void deliver();

  Loop& loop_;
  Fd wake_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  std::vector<Completion> done_;
  bool busy_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace guest
