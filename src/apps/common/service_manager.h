// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace nephele::apps {

/// Whoever started us and wants to hear how we are, as sd_notify(3) has it: systemd with Type=notify and WatchdogSec=.
/// Where nobody asked, nothing is sent and all is well.
class ServiceManager {
 public:
  /// Nobody.
  ServiceManager() = default;
  /// As NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID say. Takes them out of the environment, so that no child speaks
  /// in our name: before any thread runs.
  static ServiceManager from_environment();

  bool is_there() const noexcept { return !address_.empty(); }

  /// The service does its work from now on.
  Result<> ready();
  /// It is about to end.
  Result<> ending();
  /// From the loop that does the work, at each turn of it: as long as this comes, and no longer, the watchdog keeps
  /// still. Sends four times in the span that it was given at most; what fails is tried at the next turn.
  void alive(std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now());

 private:
  Result<> tell(std::string_view what) const;

  std::string address_;                                ///< as in sockaddr_un; empty: nobody
  std::optional<std::chrono::microseconds> watchdog_;  ///< so long we may be silent; absent: for ever
  std::optional<std::chrono::steady_clock::time_point> told_;
};

}  // namespace nephele::apps
