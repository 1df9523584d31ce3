// SPDX-License-Identifier: Apache-2.0
#include "apps/vcycled/host_facts.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <map>

#include "base/clock.h"
#include "nephele_version.h"

namespace nephele::apps::vcycle {

namespace {

struct Room {
  std::int64_t kb = 0, inodes = 0;
};

Room room_at(const std::string& path) {
  struct statvfs info{};
  if (::statvfs(path.c_str(), &info) != 0) return {};
  return {static_cast<std::int64_t>(info.f_bavail * (info.f_frsize / 1'024)), static_cast<std::int64_t>(info.f_favail)};
}

std::map<std::string, std::int64_t> memory() {
  std::map<std::string, std::int64_t> out;
  std::ifstream in("/proc/meminfo");
  std::string key, unit;
  for (std::int64_t value = 0; in >> key >> value; std::getline(in, unit)) out[key] = value;
  return out;
}

fleet::Instant changed(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 ? fleet::Instant{fleet::seconds{info.st_ctim.tv_sec}} : fleet::Instant{};
}

std::string first_line(const char* path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  while (line.ends_with(' ') || line.ends_with('\r')) line.pop_back();
  return line;
}

fleet::Instant boot_time() {
  double up = 0;
  std::ifstream("/proc/uptime") >> up;
  const auto now = std::chrono::floor<fleet::seconds>(SystemClock().now());
  return up > 0 ? now - fleet::seconds{static_cast<std::int64_t>(up)} : fleet::Instant{};
}

}  // namespace

fleet::HostFacts host_facts(const fleet::Files& files) {
  fleet::HostFacts out;
  const Room root = room_at("/tmp"), own = room_at(files.lib());
  out.root_disk_kb = root.kb;
  out.root_disk_inodes = root.inodes;
  out.daemon_disk_kb = own.kb;
  out.daemon_disk_inodes = own.inodes;
  std::array<double, 3> load{};
  if (::getloadavg(load.data(), 3) == 3) out.load_average = load[2];
  struct utsname system{};
  if (::uname(&system) == 0) out.kernel = static_cast<const char*>(system.release);
  for (const char* issue : {"/etc/issue.vac", "/etc/issue"})
    if (out.os_issue.empty()) out.os_issue = first_line(issue);
  if (out.os_issue.empty()) out.os_issue = out.kernel;
  out.booted = boot_time();
  out.factory_heartbeat = changed(files.lib("factory-heartbeat"));
  out.responder_heartbeat = changed(files.lib("responder-heartbeat"));
  for (const char* log : {"/var/log/httpd/https-vcycle.log", "/var/log/vcycle/https-vcycle.log"})
    out.mjf_heartbeat = std::max(out.mjf_heartbeat, changed(files.rooted(log)));
  auto kb = memory();
  out.swap_free_kb = kb["SwapFree:"];
  out.swap_used_kb = kb["SwapTotal:"] - out.swap_free_kb;
  out.mem_total_kb = kb["MemTotal:"];
  out.mem_used_kb = out.mem_total_kb - kb["MemAvailable:"];
  return out;
}

std::string program_name(const char* program) {
  return "Vcycle " + std::string(version) + " " + program;
}

}  // namespace nephele::apps::vcycle
