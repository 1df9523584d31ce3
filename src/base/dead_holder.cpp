// SPDX-License-Identifier: Apache-2.0
#include "base/dead_holder.h"

#include <signal.h>

#include <cerrno>
#include <string>

#include "base/text_file.h"

namespace nephele {

bool is_dead(pid_t pid) {
  if (pid <= 0) return false;
  if (::kill(pid, 0) != 0) return errno == ESRCH;
  constexpr std::size_t enough = 4096;
  const auto status = read_text_file("/proc/" + std::to_string(pid) + "/status", enough);
  // A killed process is a zombie as soon as its first thread is gone; the others may be waiting for a disk, and its
  // files are open until they have ended, too.
  return !status || status->contains("\nState:\tZ") || status->contains("\nState:\tX");
}

}  // namespace nephele
