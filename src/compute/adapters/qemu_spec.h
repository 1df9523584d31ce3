// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/secret.h"
#include "clouds/qemu/command_line.h"
#include "clouds/qemu/record.h"
#include "compute/backend.h"

/// From compute's words to QEMU's. Pure.
namespace nephele::compute {

inline constexpr Bytes memory_least = Bytes::mib(64);

/// File of a disk that the backend keeps itself, in the machine's run directory.
std::string disk_file(const DiskSpec& disk);

/// `invalid` for what this backend cannot make: disks elsewhere, tap networks, unusable sizes and names.
Result<qemu::MachineSpec> qemu_machine(const MachineSpec& spec, qemu::Accelerator accelerator);

/// The record of a machine that is to be started like this.
qemu::Record qemu_record(const MachineSpec& spec);

/// The context disc's bytes: a secret as a whole.
Result<Secret> context_disc(const std::vector<ContextFile>& files, std::chrono::sys_seconds date);

MachineState machine_state(ServerId id, const qemu::Record& record, bool alive);

}  // namespace nephele::compute
