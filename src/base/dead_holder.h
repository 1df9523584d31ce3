// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <thread>

namespace nephele {

/// A process that was killed, or is on its way out, and whose files are open until each of its threads has ended: some
/// may wait for a disk for seconds. It executes nothing of its program any more.
bool is_dying(pid_t pid);

/// How long it is worth to wait for a lock that this process holds.
std::chrono::milliseconds patience_with(pid_t holder);

/// Locks a file whose holder may have just been killed: who dies between a fork and the exec behind it leaves a child
/// that holds the lock a moment longer, and so do threads that wait for a disk; they are waited for. `try_lock()` says
/// whether it worked, `holder()` is the pid that the file names, 0 for none. False when somebody lives who has it.
template <class TryLock, class Holder>
bool lock_after_the_dead(TryLock try_lock, Holder holder) {
  const auto since = std::chrono::steady_clock::now();
  while (!try_lock()) {
    if (std::chrono::steady_clock::now() - since > patience_with(holder())) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

}  // namespace nephele
