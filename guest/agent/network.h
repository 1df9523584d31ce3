// SPDX-License-Identifier: Apache-2.0
// Network interfaces by the context: addresses, routes, resolver; DHCP where no address was given.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "context.h"
#include "loop.h"

namespace guest {

class Network {
 public:
  /// `changed` is called when an interface has got an address from DHCP, or DHCP has given up waiting.
  Network(Loop& loop, std::function<void()> changed);
  ~Network();

  void apply(const std::vector<NicSettings>& nics);
  /// A static address is there, or the lease, or the wait for it is over, or there is no interface at all.
  bool settled() const { return settled_; }
  /// Address of the first interface, "none" without one.
  std::string address() const;

 private:
  void start_dhcp(const std::string& interface);
  void stop_dhcp();
  void on_address_event();
  void settle();

  Loop& loop_;
  std::function<void()> changed_;
  Fd netlink_;
  std::string first_interface_;
  int dhcp_pid_ = -1;
  bool settled_ = false;
  Loop::Timer dhcp_timer_ = Loop::no_timer;
};

}  // namespace guest
