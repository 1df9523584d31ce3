// SPDX-License-Identifier: Apache-2.0
#include "fleet/machine_record.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text_file.h"

namespace nephele::fleet {

namespace {

constexpr std::size_t output_max = 256;
constexpr double cpu_seconds_max = 1e15;

/// One "name value" per line.
void read_limits(const std::string& path, MachineRecord& into) {
  const auto text = read_state(path);
  if (!text) return;
  Lifetime lifetime;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const auto blank = line.find(' ');
    const auto key = line.substr(0, blank);
    const auto value = blank == std::string_view::npos ? std::string_view{} : line.substr(blank + 1);
    std::int64_t number = 0;
    std::from_chars(value.data(), value.data() + value.size(), number);
    if (key == "max_wallclock_seconds")
      lifetime.max_wallclock = seconds{number};
    else if (key == "fizzle_seconds")
      lifetime.fizzle = seconds{number};
    else if (key == "heartbeat_file")
      into.heartbeat_file = value;
    else if (key == "heartbeat_seconds")
      lifetime.heartbeat = seconds{number};
    else if (key == "accounting_fqan")
      into.fqan = value;
    else
      into.other_limits.append(line).append("\n");
  }
  lifetime.has_heartbeat = !into.heartbeat_file.empty();
  into.lifetime = lifetime;
  into.has_limits = true;
}

std::string text_in(const std::string& path) {
  return read_state(path).value_or("");
}

/// A file of joboutputs without the blanks around it, of limited length: its writer is not to be trusted.
std::string output_of(const std::string& folder, std::string_view name) {
  const auto file = open_untrusted(folder + "/joboutputs/" + std::string(name), O_RDONLY);
  if (!file) return {};
  std::string text(output_max, '\0');
  const auto got = ::pread(file->get(), text.data(), text.size(), 0);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  constexpr std::string_view blanks = " \t\r\n\v\f";
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

}  // namespace

MachineRecord read_machine(std::string folder, std::string name) {
  MachineRecord out;
  const std::string at = folder + "/";
  out.name = std::move(name);
  out.folder = std::move(folder);
  out.created = read_instant(at + "created");
  out.updated = read_instant(at + "updated");
  out.started = read_instant(at + "started");
  out.stopped = read_instant(at + "stopped");
  out.deleted = read_instant(at + "deleted");
  if (out.deleted) out.deletions = static_cast<std::int32_t>(read_number(at + "deletions").value_or(0));
  out.heard = read_instant(at + "manager_heartbeat");
  out.missing_since = read_instant(at + "missing_since");
  out.adopted = read_instant(at + "adopted");
  out.last_running = read_instant(at + "last_running");
  out.machinetype = text_in(at + "machinetype_name");
  out.zone = text_in(at + "zone");
  out.manager = text_in(at + "manager");
  out.id = text_in(at + "jobfeatures/job_id");
  out.processors = read_number(at + "jobfeatures/allocated_cpu");
  out.max_rss_bytes = read_number(at + "jobfeatures/max_rss_bytes");
  out.hs06 = read_real(at + "jobfeatures/hs06_job");
  out.shutdown = read_instant(at + "jobfeatures/shutdowntime_job");
  out.refused = ::access((at + "refused").c_str(), F_OK) == 0;
  if (out.adopted) out.accounted = ::access((at + "accounted").c_str(), F_OK) == 0;  // then only, it is written
  read_limits(at + "limits", out);
  // Older releases write no limits, but tell the machine of this one.
  if (!out.lifetime)
    if (const auto wallclock = read_number(at + "jobfeatures/wall_limit_secs"); wallclock && *wallclock > 0)
      out.lifetime = Lifetime{.max_wallclock = seconds{*wallclock}};
  return out;
}

std::string id_in(const std::string& folder) {
  auto id = text_in(folder + "/jobfeatures/job_id");
  return id.empty() ? text_in(folder + "/instance_id") : id;  // of older releases
}

std::optional<Instant> heartbeat_of(const std::string& folder, const std::string& file) {
  if (file.empty() || file.contains('/') || file.starts_with(".")) return std::nullopt;
  struct stat info{};
  if (::lstat((folder + "/joboutputs/" + file).c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return Instant{seconds{info.st_ctim.tv_sec}};
}

std::string message_in(const std::string& folder) {
  std::string text = output_of(folder, "shutdown_message");
  std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return text;
}

std::optional<std::int64_t> cpu_seconds_in(const std::string& folder) {
  const std::string text = output_of(folder, "cpu_seconds");
  double seconds = -1;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds, std::chars_format::fixed);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || !(seconds >= 0 && seconds < cpu_seconds_max))
    return std::nullopt;
  return static_cast<std::int64_t>(std::floor(seconds));
}

std::string limits_text(const Lifetime& lifetime, const std::string& heartbeat_file, const std::string& fqan) {
  std::string out = "max_wallclock_seconds " + std::to_string(lifetime.max_wallclock.count()) + "\nfizzle_seconds " +
                    std::to_string(lifetime.fizzle.count()) + "\n";
  if (!heartbeat_file.empty()) out += "heartbeat_file " + heartbeat_file + "\n";
  if (lifetime.heartbeat) out += "heartbeat_seconds " + std::to_string(lifetime.heartbeat->count()) + "\n";
  if (!fqan.empty()) out += "accounting_fqan " + fqan + "\n";
  return out;
}

}  // namespace nephele::fleet
