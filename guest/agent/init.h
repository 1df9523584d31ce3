// SPDX-License-Identifier: Apache-2.0
// Process 1: starts agent, keeper and the shell on the console, starts them again when they end, and takes the
// machine down in order.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "loop.h"

namespace guest {

class Init {
 public:
  Init();
  int run();

 private:
  enum class End { power_off, reboot, halt };
  struct Daemon {
    std::string name{};
    std::function<void()> exec{};  ///< in the child
    int pid = -1;
    std::chrono::steady_clock::time_point started{};
    std::chrono::milliseconds delay{0};
  };

  void start_agent();
  void start_the_rest();
  void start_user_data();
  void start(std::size_t index);
  static void start_once(void (*become)());
  void on_signal();
  void reap();
  void ended(std::size_t index);
  void shut_down(End end);
  void end_everybody();
  [[noreturn]] void leave();

  Loop loop_;
  Fd signals_;
  Fd notify_;
  std::vector<Daemon> daemons_;
  bool rest_started_ = false;
  bool user_data_started_ = false;
  bool leaving_ = false;
  bool agent_gone_ = false;
  End end_ = End::power_off;
  Loop::Timer step_timer_ = Loop::no_timer;
};

}  // namespace guest
