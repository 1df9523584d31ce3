// SPDX-License-Identifier: Apache-2.0
#include "machine_facts.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include <cstdlib>
#include <filesystem>

#include "text.h"

namespace guest {
namespace {

constexpr std::uint64_t mib = 1ULL << 20;

template <class Each>
void for_each_line(std::string_view text, Each each) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    each(line);
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
}

std::uint64_t vmstat_value(std::string_view vmstat, std::string_view name) {
  std::uint64_t value = 0;
  for_each_line(vmstat, [&](std::string_view line) {
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ' ')
      value = to_number(trim(line.substr(name.size())), UINT64_MAX / 16).value_or(0);
  });
  return value;
}

/// The driver counts pages in and out; what is in has no other name in the kernel's files.
std::uint64_t balloon_bytes() {
  const std::string vmstat = read_file("/proc/vmstat").value_or("");
  const std::uint64_t in = vmstat_value(vmstat, "balloon_inflate");
  const std::uint64_t out = vmstat_value(vmstat, "balloon_deflate");
  return in > out ? (in - out) * 4096 : 0;
}

}  // namespace

std::uint64_t meminfo_kib(std::string_view meminfo, std::string_view name) {
  std::uint64_t kib = 0;
  for_each_line(meminfo, [&](std::string_view line) {
    if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ':') return;
    std::string_view value = trim(line.substr(name.size() + 1));
    if (value.ends_with(" kB")) value.remove_suffix(3);
    kib = to_number(value, UINT64_MAX / 16).value_or(0);
  });
  return kib;
}

std::uint64_t system_ram_bytes(std::string_view iomem) {
  std::uint64_t bytes = 0;
  for_each_line(iomem, [&](std::string_view line) {
    if (line.starts_with(' ') || !line.ends_with(" : System RAM")) return;
    char* end = nullptr;
    const std::string range(line);
    const std::uint64_t first = std::strtoull(range.c_str(), &end, 16);
    if (*end != '-') return;
    const std::uint64_t last = std::strtoull(end + 1, nullptr, 16);
    if (last > first) bytes += last - first + 1;
  });
  return bytes;
}

unsigned count_cpus(std::string_view list) {
  std::uint64_t count = 0;
  for (const std::string_view word : split_words(list)) {
    const std::size_t dash = std::min(word.find('-'), word.size());
    const auto first = to_number(word.substr(0, dash), 65535);
    const auto last = dash < word.size() ? to_number(word.substr(dash + 1), 65535) : first;
    if (first && last && *last >= *first) count += *last - *first + 1;
  }
  return static_cast<unsigned>(count);
}

std::string root_disk() {
  struct stat root{};
  if (::stat("/", &root) != 0 || major(root.st_dev) == 0) return {};
  const std::string link =
      "/sys/dev/block/" + std::to_string(major(root.st_dev)) + ":" + std::to_string(minor(root.st_dev));
  std::error_code ignored;
  return std::filesystem::read_symlink(link, ignored).filename().string();
}

MachineFacts machine_facts() {
  MachineFacts facts;
  const std::string meminfo = read_file("/proc/meminfo").value_or("");
  facts.memory_usable_mib = meminfo_kib(meminfo, "MemTotal") / 1024;
  facts.memory_available_mib = meminfo_kib(meminfo, "MemAvailable") / 1024;
  // The firmware keeps less than 1 MiB for itself (the hole below 1 MiB, ACPI tables): rounding up undoes that.
  const std::uint64_t ram = system_ram_bytes(read_file("/proc/iomem").value_or(""));
  const std::uint64_t balloon = balloon_bytes();
  facts.memory_mib = ram > balloon ? (ram - balloon + mib - 1) / mib : 0;
  facts.cpus_online = count_cpus(trim(read_file("/sys/devices/system/cpu/online").value_or("")));
  if (const std::string disk = root_disk(); !disk.empty()) {
    const std::string sectors = read_file("/sys/class/block/" + disk + "/size").value_or("");
    facts.disk_mib = to_number(trim(sectors), UINT64_MAX / 1024).value_or(0) / 2048;
  }
  struct statvfs space{};
  if (::statvfs("/", &space) == 0) facts.disk_free_mib = space.f_bavail * space.f_frsize / mib;
  facts.boot_id = trim(read_file("/proc/sys/kernel/random/boot_id").value_or(""));
  return facts;
}

}  // namespace guest
