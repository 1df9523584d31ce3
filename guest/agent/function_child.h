// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "fd.h"

namespace guest {

/// A started function: our ends of its three pipes (not blocking), and the process with everything it will start.
struct FunctionChild {
  pid_t pid = -1;
  Fd process;  ///< readable when all of it has ended
  Fd input;
  Fd output;
  Fd errors;
};

struct FunctionStart {
  std::string program;
  std::vector<std::string> environment;  ///< NAME=value
  unsigned cpu_seconds = 30;
  int cgroup_procs = -1;  ///< where to join the function's control group, or -1
};

/// Starts the program; pid is -1 when the machine has no room for it.
FunctionChild start_function(const FunctionStart& start);

}  // namespace guest
