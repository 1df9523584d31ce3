// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/async.h"
#include "clouds/qemu/process.h"

namespace nephele::qemu {

/// Returns when the process has ended, child of ours or not. No polling: the pidfd becomes readable.
Task<> wait_for_end(const Process& process);

/// Runs a short program to its end and answers what it wrote (both streams, at most 64 KiB). `unavailable` with its
/// last words when it fails, `timeout` (and SIGKILL) when it takes longer.
struct ShortRun {
  ProcessSpec process;
  std::chrono::milliseconds limit;
};
Task<Result<std::string>> run_to_end(ShortRun run);

}  // namespace nephele::qemu
