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

/// A short program, run to its end.
struct ShortRun {
  ProcessSpec process;
  std::chrono::milliseconds limit;
};
struct Finished {
  std::string status;  ///< "with status 0", "by signal 9"
  std::string said;    ///< both streams, at most 64 KiB, without the last line end
  bool well() const { return status == "with status 0"; }
};
/// `timeout` when it takes longer: it is killed then. `unavailable` when it cannot be run.
Task<Result<Finished>> run_to_end(ShortRun run);

}  // namespace nephele::qemu
