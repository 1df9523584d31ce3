// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/file_handle.h"
#include "base/result.h"

/// Child processes that owe us nothing: they live on when we die, and we find them again.
namespace nephele::qemu {

struct UserIds {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;  ///< further ones, for instance the one that may open /dev/kvm
};

/// What to run. No shell anywhere: the arguments reach the program as they are.
struct ProcessSpec {
  std::vector<std::string> arguments;  ///< [0] is the program's path
  std::string directory;               ///< working directory
  int output = -1;                     ///< descriptor for standard output; negative: /dev/null
  int errors = -1;                     ///< descriptor for standard error
  std::vector<int> keep;               ///< descriptors that the child inherits under the same numbers
  int pid_file = -1;                   ///< the child writes its own pid there before it becomes the program
  std::optional<UserIds> user;         ///< when we are root: who the child is
  bool dies_first = false;             ///< when memory runs out, the kernel takes this one before us
};

/// A process and the right to know of its end: a pidfd, so that no reused pid is ever mistaken for it.
class Process {
 public:
  pid_t pid() const noexcept { return pid_; }
  /// Clock ticks since boot, field 22 of /proc/PID/stat; with the pid it names one process of this boot.
  std::uint64_t started() const noexcept { return started_; }
  int descriptor() const noexcept { return descriptor_.get(); }

  /// Waits at most `wait_ms`, blocking: 0 is a mere look.
  bool ended(int wait_ms = 0) const;
  void signal(int number) const;
  /// After the end of a child of ours: takes its status ("by signal 9", "with status 1"), which also ends the zombie.
  /// Empty for a process of somebody else, whose status only its parent learns.
  std::string reap() const;

  /// Starts a child in a session of its own, with umask 077, without core dumps, without new privileges, with no
  /// descriptors beyond those named. Returns when the program runs; `unavailable` when it could not be run.
  static Result<Process> spawn(const ProcessSpec& spec);
  /// The running process of this pid; with `started` only if it is that one. `not_found` otherwise.
  static Result<Process> find(pid_t pid, std::optional<std::uint64_t> started);

 private:
  Process(pid_t pid, FileHandle descriptor, std::uint64_t started)
      : pid_(pid), descriptor_(std::move(descriptor)), started_(started) {}

  pid_t pid_;
  FileHandle descriptor_;
  std::uint64_t started_;
};

/// Letter and start time of a process from the text of /proc/PID/stat. The name in it may hold anything, even ')'.
struct ProcessStat {
  char state;
  std::uint64_t started;
};
std::optional<ProcessStat> parse_process_stat(std::string_view text);

/// The pid of the running process that has `argument` among its arguments; 0 when there is none. Reads all of /proc:
/// for the rare case in which nothing else tells.
pid_t find_process_by_argument(std::string_view argument);

/// Absolute path of a program, looked up in PATH and the system's sbin; `unavailable` names the package to install.
Result<std::string> find_program(std::string_view name, std::string_view package);

/// Of /proc/sys/kernel/random/boot_id: another value means that no process of before lives.
std::string host_boot_id();

}  // namespace nephele::qemu
