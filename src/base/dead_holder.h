// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <thread>

namespace nephele {

/// Nobody, or somebody who does nothing more and only has not been taken off the list of processes.
bool is_dead(pid_t pid);

/// Locks a file whose holder may have just been killed: who dies between a fork and the exec behind it leaves a child
/// that holds the lock a moment longer, and so do threads that wait for a disk; they are waited for. `try_lock()` says
/// whether it worked, `holder()` is the pid that the file names, 0 for none. False when somebody lives who has it.
template <class TryLock, class Holder>
bool lock_after_the_dead(TryLock try_lock, Holder holder) {
  constexpr std::chrono::seconds patience{2};
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!try_lock()) {
    if (!is_dead(holder()) || std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

}  // namespace nephele
