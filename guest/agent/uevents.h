// SPDX-License-Identifier: Apache-2.0
// Kernel events (hot-plug, changed devices) as they come from netlink.
#pragma once

#include <functional>
#include <string_view>

#include "loop.h"

namespace guest {

struct Uevent {
  std::string_view action;   ///< add, remove, change, ...
  std::string_view devpath;  ///< below /sys
  std::string_view subsystem;
  std::string_view devname;  ///< below /dev, may be empty
};

class Uevents {
 public:
  Uevents(Loop& loop, std::function<void(const Uevent&)> call);
  ~Uevents();

 private:
  void receive();

  Loop& loop_;
  std::function<void(const Uevent&)> call_;
  Fd socket_;
};

}  // namespace guest
