// SPDX-License-Identifier: Apache-2.0
// The event loop: one thread, epoll and timers, asleep in the kernel while nothing happens.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>

#include "fd.h"

namespace guest {

class Loop {
 public:
  using Ready = std::function<void(std::uint32_t events)>;
  using Timer = std::uint64_t;
  static constexpr Timer no_timer = 0;

  Loop();

  /// Calls `ready` whenever `fd` has one of the epoll `events`; the caller keeps the descriptor open until forget().
  bool watch(int fd, std::uint32_t events, Ready ready);
  void change(int fd, std::uint32_t events);
  void forget(int fd);

  Timer after(std::chrono::milliseconds delay, std::function<void()> call);
  /// Harmless for a timer that has run or was never set; sets `timer` to no_timer.
  void cancel(Timer& timer);

  void run();
  void stop() { running_ = false; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Watch {
    std::uint32_t generation;
    Ready ready;
  };

  int wait_ms() const;
  void run_timers();
  void dispatch(std::uint64_t tag, std::uint32_t events);

  Fd epoll_;
  bool running_ = true;
  std::uint32_t generation_ = 0;
  Timer next_timer_ = 1;
  std::unordered_map<int, std::shared_ptr<Watch>> watches_;
  std::map<std::pair<Clock::time_point, Timer>, std::function<void()>> timers_;
  std::unordered_map<Timer, Clock::time_point> deadlines_;
};

}  // namespace guest
