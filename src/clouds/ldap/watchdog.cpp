// SPDX-License-Identifier: Apache-2.0
#include "clouds/ldap/watchdog.h"

#include <pthread.h>
#include <sys/socket.h>

namespace nephele::ldap {

Watchdog::Watchdog(int socket, SteadyTime deadline, std::stop_token stop)
    : thread_([this, socket, deadline, stop = std::move(stop)] {
        std::unique_lock lock(mutex_);
        wake_.wait_until(lock, stop, deadline, [this] { return home_; });
        if (!home_) ::shutdown(socket, SHUT_RDWR);
      }) {
  pthread_setname_np(thread_.native_handle(), "ldap-watchdog");
}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    home_ = true;
  }
  wake_.notify_all();
}

}  // namespace nephele::ldap
