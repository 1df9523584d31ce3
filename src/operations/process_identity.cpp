// SPDX-License-Identifier: Apache-2.0
#include "operations/process_identity.h"

#include <unistd.h>

#include <fstream>
#include <sstream>

namespace nephele::operations {

namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// Start time of a living process in clock ticks, 0 when there is none.
std::int64_t start_ticks(std::int64_t pid) {
  const std::string stat = first_line("/proc/" + std::to_string(pid) + "/stat");
  const auto close = stat.rfind(')');  // the name in front of it may hold anything
  if (close == std::string::npos) return 0;
  std::istringstream rest(stat.substr(close + 1));
  std::string state;
  rest >> state;
  if (state == "Z" || state == "X") return 0;
  std::string skipped;
  for (int field = 4; field <= 21; ++field) rest >> skipped;
  std::int64_t ticks = 0;
  rest >> ticks;
  return ticks;
}

}  // namespace

ProcessIdentity ProcessIdentity::own() {
  const auto pid = static_cast<std::int64_t>(::getpid());
  return {first_line("/proc/sys/kernel/random/boot_id"), pid, start_ticks(pid)};
}

bool ProcessIdentity::alive() const {
  return boot_id == first_line("/proc/sys/kernel/random/boot_id") && started_ticks != 0 &&
         start_ticks(pid) == started_ticks;
}

}  // namespace nephele::operations
