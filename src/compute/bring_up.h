// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "compute/impl.h"

namespace nephele::compute {

Task<Result<MachineSpec>> load_spec(Compute::Impl& impl, ServerId id);

/// Starts the machine of a server from its disks and waits until the guest says READY. An address that somebody else
/// took is exchanged for another one. Every call finds out first what is already done.
Task<Result<>> bring_up(Compute::Impl& impl, operations::Work& work, ServerId id);

/// Ends the operation: the server is idle again, and its owner is told `what`.
Task<Result<>> finish_ready(Compute::Impl& impl, operations::Work& work, ServerId id, std::string_view what);

}  // namespace nephele::compute
