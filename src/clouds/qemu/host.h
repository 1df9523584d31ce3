// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"

/// What this machine can carry. Reserving, not measuring: a guest may touch all it was promised.
namespace nephele::qemu {

struct HostMemory {
  Bytes total;                 ///< MemTotal
  Bytes available;             ///< MemAvailable: what could be used now without swapping
  std::optional<Bytes> limit;  ///< the narrowest cgroup limit above us
  Bytes ours;                  ///< resident in this process
  Bytes machines;              ///< resident in the machines that run already
};

/// For machines, overhead included: what the host (or our cgroup) has, less a reserve of 1 GiB or 10 % and ourselves;
/// never more than what other programs leave over.
Bytes memory_budget(const HostMemory& host);

/// `root`: "" for this host, another directory in tests. `machines`: their processes.
HostMemory read_host_memory(const std::vector<pid_t>& machines, const std::string& root = "");

struct HostDisk {
  Bytes total;
  Bytes available;
};
Result<HostDisk> read_host_disk(const std::string& directory);
/// Virtual sizes that may be promised: `overcommit` times the file system, less 5 % that always stay free; nothing new
/// (what is used already) when less is free now.
Bytes disk_budget(const HostDisk& disk, double overcommit);

unsigned host_cpus();

/// Has this process, which is root, what root needs to run machines as somebody else? `forbidden` names the
/// capabilities that were taken from it, as systemd and containers do. `root` as above.
Result<> check_rights(const std::string& root = "");

/// Binds address and port for an instant. `conflict` when somebody else has it, else the reason why it cannot be ours;
/// detail "address" in each.
Result<> probe_bind(std::string_view address, std::uint16_t port);

}  // namespace nephele::qemu
