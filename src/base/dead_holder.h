// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <cerrno>
#include <chrono>
#include <thread>

namespace nephele {

/// Locks a file whose holder may have just been killed: who dies between a fork and the exec behind it leaves a child
/// that holds the lock a moment longer, and that one is waited for. `try_lock()` says whether it worked, `holder()` is
/// the pid that the file names, 0 for none. False when somebody lives who has it.
template <class TryLock, class Holder>
bool lock_after_the_dead(TryLock try_lock, Holder holder) {
  constexpr std::chrono::seconds patience{2};
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!try_lock()) {
    const pid_t pid = holder();
    const bool dead = pid > 0 && ::kill(pid, 0) != 0 && errno == ESRCH;
    if (!dead || std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

}  // namespace nephele
