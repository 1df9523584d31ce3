// SPDX-License-Identifier: Apache-2.0
// What this machine has, read from the kernel each time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace guest {

struct MachineFacts {
  std::uint64_t memory_mib = 0;         ///< given by the host: RAM and hot-plugged memory less what the balloon holds
  std::uint64_t memory_usable_mib = 0;  ///< of that, what the kernel leaves to programs
  std::uint64_t memory_available_mib = 0;
  unsigned cpus_online = 0;
  std::uint64_t disk_mib = 0;       ///< size of the root disk; 0 without one
  std::uint64_t disk_free_mib = 0;  ///< free space of the root file system
  std::string boot_id;
};

MachineFacts machine_facts();

/// KiB of the `Name:` line of a /proc/meminfo text.
std::uint64_t meminfo_kib(std::string_view meminfo, std::string_view name);
/// Bytes of all top-level "System RAM" ranges of a /proc/iomem text.
std::uint64_t system_ram_bytes(std::string_view iomem);
/// Number of CPUs in a list such as "0-2,5".
unsigned count_cpus(std::string_view list);
/// The disk that the root file system lies on ("vda"), empty when it is in memory.
std::string root_disk();

}  // namespace guest
