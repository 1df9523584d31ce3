// SPDX-License-Identifier: Apache-2.0
#include "base/dead_holder.h"

#include <signal.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/text_file.h"

namespace nephele {

namespace {

constexpr std::size_t enough = 4096;

std::string told_of(pid_t pid, const char* file) {
  return read_text_file("/proc/" + std::to_string(pid) + "/" + file, enough).value_or("");
}

/// The hexadecimal number behind such a word of /proc/PID/status.
std::uint64_t mask(std::string_view status, std::string_view word) {
  std::uint64_t value = 0;
  if (const auto at = status.find(word); at != std::string_view::npos)
    std::from_chars(status.data() + at + word.size(), status.data() + status.size(), value, 16);
  return value;
}

/// The kernel's PF_EXITING among the flags, the seventh word behind the name in /proc/PID/stat (proc(5)).
bool is_exiting(std::string_view stat) {
  constexpr std::uint32_t exiting = 0x4;
  const auto name_end = stat.rfind(')');
  if (name_end == std::string_view::npos) return false;
  stat.remove_prefix(name_end + 1);
  for (int word = 0; word < 7; ++word) {
    const auto space = stat.find(' ');
    if (space == std::string_view::npos) return false;
    stat.remove_prefix(space + 1);
  }
  std::uint32_t flags = 0;
  std::from_chars(stat.data(), stat.data() + stat.size(), flags);
  return (flags & exiting) != 0;
}

}  // namespace

bool is_dying(pid_t pid) {
  if (pid <= 0) return false;
  const auto status = told_of(pid, "status");
  // A killed process is a zombie as soon as its first thread is gone, whatever the others still wait for.
  if (status.contains("\nState:\tZ") || status.contains("\nState:\tX")) return true;
  constexpr std::uint64_t killed = std::uint64_t{1} << (SIGKILL - 1);
  if (((mask(status, "\nSigPnd:\t") | mask(status, "\nShdPnd:\t")) & killed) != 0) return true;
  return is_exiting(told_of(pid, "stat"));
}

std::chrono::milliseconds patience_with(pid_t holder) {
  if (is_dying(holder)) return std::chrono::seconds(30);
  if (holder > 0 && ::kill(holder, 0) != 0 && errno == ESRCH) return std::chrono::seconds(2);
  // Between taking a deadly signal and beginning to exit nothing shows it.
  return std::chrono::milliseconds(100);
}

}  // namespace nephele
