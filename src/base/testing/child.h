// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <string>
#include <string_view>
#include <vector>

/// Real servers as children of a test program.
namespace nephele::testing {

/// Who runs them: this user, or when that is root another one, since servers refuse to run as root.
struct RunAs {
  uid_t user = 0;
  gid_t group = 0;
};
/// `preferred` if there is such a user, else nobody. Throws std::runtime_error when there is neither.
RunAs run_as(const char* preferred);

struct ChildSpec {
  std::vector<std::string> words;  ///< [0] is the program's path
  std::string log;                 ///< standard output and error are appended to it
  std::string folder;              ///< working directory
  RunAs as;
  int end_signal = SIGTERM;  ///< sent by the kernel when the thread that began it ends
};

/// The child's pid, or a negative number. It is in a process group of its own and gains no rights by what it executes.
/// To be called from the main thread, so that the child does not outlive a test program that crashes.
pid_t start_child(const ChildSpec& spec);

/// True when it ended within the time.
bool ended_within(pid_t child, std::chrono::milliseconds time, int* status = nullptr);

}  // namespace nephele::testing
