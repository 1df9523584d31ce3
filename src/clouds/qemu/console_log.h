// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"
#include "base/units.h"

/// The serial console's log, which QEMU appends to for ever and somebody has to keep small.
namespace nephele::qemu {

/// The last `bytes` of the log; of the older half too when the newer one is short. Empty when there is none yet.
Result<std::string> console_tail(const std::string& path, std::size_t bytes);

/// When the log is bigger than half of `max`, it becomes the older half (PATH.1) and starts anew, in place: QEMU keeps
/// it open for appending. What is written in the instant between copy and cut is lost.
Result<> trim_console(const std::string& path, Bytes max);

}  // namespace nephele::qemu
