// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace nephele::operations {

/// What tells one process of a host from every other, also after its number was reused.
struct ProcessIdentity {
  std::string boot_id;  ///< /proc/sys/kernel/random/boot_id
  std::int64_t pid = 0;
  std::int64_t started_ticks = 0;  ///< field 22 of /proc/PID/stat

  static ProcessIdentity own();
  /// False when the host has booted since, the process is gone or a zombie, or its number belongs to another one.
  bool alive() const;
};

}  // namespace nephele::operations
