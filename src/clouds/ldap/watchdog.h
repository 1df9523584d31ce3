// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/async.h"

namespace nephele::ldap {

/// Ends the talk on a socket when its time is over: what blocks in a read or a write of it goes on with an end of file.
/// libldap has no limit for a TLS handshake (with GnuTLS it reads in a busy loop where its own is set), nor for a
/// server that falls silent in the middle of a TLS record.
class Watchdog {
 public:
  /// The socket stays open, and the caller's, for longer than the watchdog lives.
  Watchdog(int socket, SteadyTime deadline, std::stop_token stop);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable_any wake_;
  bool home_ = false;  // nobody needs it any more
  std::jthread thread_;
};

}  // namespace nephele::ldap
