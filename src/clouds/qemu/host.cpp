// SPDX-License-Identifier: Apache-2.0
#include "clouds/qemu/host.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/file_handle.h"
#include "base/text_file.h"

namespace nephele::qemu {

namespace {

constexpr std::size_t proc_file_max = std::size_t{64} * 1024;

std::optional<std::uint64_t> leading_number(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return std::nullopt;
  text.remove_prefix(begin);
  std::uint64_t out = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), out).ec != std::errc{}) return std::nullopt;
  return out;
}

Bytes meminfo(std::string_view text, std::string_view name) {
  const std::size_t at = text.find(fmt::format("{}:", name));
  if (at == std::string_view::npos) return {};
  return Bytes::kib(leading_number(text.substr(at + name.size() + 1)).value_or(0));
}

Bytes resident(const std::string& statm) {
  const std::string text = read_text_file(statm, 256).value_or("");
  const std::size_t blank = text.find(' ');
  if (blank == std::string::npos) return {};
  const auto pages = leading_number(std::string_view(text).substr(blank));
  return Bytes::of(pages.value_or(0) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
}

void narrow(std::optional<Bytes>& limit, const std::string& file) {
  const auto text = read_text_file(file, 64);
  if (!text) return;
  const auto bytes = leading_number(*text);  // "max" is no number: no limit
  constexpr std::uint64_t no_limit_of_v1 = 1ULL << 60U;
  if (!bytes || *bytes >= no_limit_of_v1) return;
  limit = limit ? std::min(*limit, Bytes::of(*bytes)) : Bytes::of(*bytes);
}

// Every group from ours up to the root may be limited. A line is "ID:CONTROLLERS:PATH".
std::optional<Bytes> cgroup_limit(const std::string& root) {
  std::optional<Bytes> out;
  const std::string groups = read_text_file(root + "/proc/self/cgroup", proc_file_max).value_or("");
  for (std::size_t start = 0; start < groups.size();) {
    const std::size_t end = std::min(groups.find('\n', start), groups.size());
    const std::string line = groups.substr(start, end - start);
    start = end + 1;
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool unified = controllers == ",,";
    if (!unified && !controllers.contains(",memory,")) continue;
    const std::string top = root + (unified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory");
    std::string group = line.substr(second + 1);
    for (;;) {
      narrow(out, top + group + (unified ? "/memory.max" : "/memory.limit_in_bytes"));
      const std::size_t slash = group.rfind('/');
      if (slash == std::string::npos || group == "/") break;
      group.erase(slash);
    }
  }
  return out;
}

struct Right {
  int bit;  ///< capabilities(7), <linux/capability.h>
  std::string_view name;
};
/// To give files to the machines' user and still to read and remove them, to become that user, and to end a machine
/// that does not end by itself.
constexpr std::array rights_of_root{Right{CAP_CHOWN, "CAP_CHOWN"},   Right{CAP_DAC_OVERRIDE, "CAP_DAC_OVERRIDE"},
                                    Right{CAP_FOWNER, "CAP_FOWNER"}, Right{CAP_KILL, "CAP_KILL"},
                                    Right{CAP_SETGID, "CAP_SETGID"}, Right{CAP_SETUID, "CAP_SETUID"}};

/// The line "CapEff:\t000001ffffffffff"; nothing where the kernel does not tell.
std::optional<std::uint64_t> capabilities(const std::string& root) {
  constexpr std::string_view name = "CapEff:\t";
  const std::string text = read_text_file(root + "/proc/self/status", proc_file_max).value_or("");
  const std::size_t at = text.find(name);
  if (at == std::string::npos) return std::nullopt;
  std::uint64_t out = 0;
  const char* const begin = text.data() + at + name.size();
  if (std::from_chars(begin, text.data() + text.size(), out, 16).ec != std::errc{}) return std::nullopt;
  return out;
}

}  // namespace

Result<> check_rights(const std::string& root) {
  const auto has = capabilities(root);
  if (!has) return {};
  std::string missing;
  for (const auto& right : rights_of_root)
    if ((*has >> static_cast<unsigned>(right.bit) & 1U) == 0)
      missing += (missing.empty() ? "" : " ") + std::string(right.name);
  if (missing.empty()) return {};
  return fail(Kind::forbidden, "machines cannot be run: this process is root without " + missing +
                                   "; give it these capabilities (systemd: CapabilityBoundingSet=), or run it as an "
                                   "ordinary user");
}

Bytes memory_budget(const HostMemory& host) {
  const Bytes whole = host.limit ? std::min(host.total, *host.limit) : host.total;
  const Bytes reserve = std::max(Bytes::gib(1), Bytes::of(whole.count() / 10));
  const Bytes by_size = whole - reserve - host.ours;
  const Bytes by_others = host.available + host.machines - std::min(reserve, Bytes::of(host.total.count() / 10));
  return std::min(by_size, by_others);
}

HostMemory read_host_memory(const std::vector<pid_t>& machines, const std::string& root) {
  HostMemory out;
  const std::string text = read_text_file(root + "/proc/meminfo", proc_file_max).value_or("");
  out.total = meminfo(text, "MemTotal");
  out.available = meminfo(text, "MemAvailable");
  out.limit = cgroup_limit(root);
  out.ours = resident(root + "/proc/self/statm");
  for (const pid_t pid : machines) out.machines = out.machines + resident(fmt::format("{}/proc/{}/statm", root, pid));
  return out;
}

Result<HostDisk> read_host_disk(const std::string& directory) {
  struct statvfs about{};
  if (::statvfs(directory.c_str(), &about) != 0)
    return fail(Kind::unavailable, fmt::format("{}: {}", directory, std::strerror(errno)));
  const std::uint64_t unit = about.f_frsize;
  return HostDisk{Bytes::of(about.f_blocks * unit), Bytes::of(about.f_bavail * unit)};
}

Bytes disk_budget(const HostDisk& disk, double overcommit) {
  const Bytes kept = Bytes::of(disk.total.count() / 20);
  if (disk.available <= kept) return {};
  return Bytes::of(static_cast<std::uint64_t>(static_cast<double>((disk.total - kept).count()) * overcommit));
}

unsigned host_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
}

Result<> probe_bind(std::string_view address, std::uint16_t port) {
  const std::string text(address);
  const auto told = [&](Kind kind, std::string why) {
    return fail(Error(kind, fmt::format("{}:{} {}", text, port, why)).with("address", text));
  };
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(port);
  if (::inet_pton(AF_INET, text.c_str(), &where.sin_addr) != 1)
    return told(Kind::invalid, "is no IPv4 address of this host");
  const FileHandle socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return told(Kind::unavailable, std::strerror(errno));
  const int on = 1;  // as slirp does: connections that are still closing are no obstacle
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0 &&
      ::listen(socket.get(), 1) == 0)
    return {};
  if (errno == EADDRINUSE)
    return told(Kind::conflict,
                "is in use by another program; one that listens on 0.0.0.0 or [::] takes every address");
  if (errno == EACCES) return told(Kind::forbidden, "needs root: ports below 1024 are reserved");
  return told(Kind::conflict, fmt::format("cannot be used: {}", std::strerror(errno)));
}

}  // namespace nephele::qemu
