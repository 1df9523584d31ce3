// SPDX-License-Identifier: Apache-2.0
// A small lsblk: the disks and drives with their partitions, sizes and mount points, as util-linux prints them.
#include <dirent.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "programs.h"
#include "text.h"

namespace guest {
namespace {

const std::string block_class = "/sys/class/block/";

struct Device {
  std::string name;
  std::string numbers;
  std::string size;
  std::string type;
  std::string mounts;
  std::string indent;
  bool removable = false;
  bool read_only = false;
};

std::string attribute(const std::string& name, const char* what) {
  return std::string(trim(read_file(block_class + name + "/" + what).value_or("")));
}

/// 1024-based with at most one decimal, as util-linux does: 364K, 1G, 1.5G.
std::string human_size(std::uint64_t bytes) {
  constexpr std::string_view units = "BKMGTPE";
  std::size_t unit = 0;
  std::uint64_t whole = bytes;
  std::uint64_t rest = 0;
  while (whole >= 1024 && unit + 1 < units.size()) {
    rest = whole % 1024;
    whole /= 1024;
    ++unit;
  }
  std::uint64_t tenth = (rest * 10 + 512) / 1024;
  if (tenth == 10) {
    ++whole;
    tenth = 0;
  }
  std::string text = std::to_string(whole);
  if (tenth != 0) text += "." + std::to_string(tenth);
  return text + units[unit];
}

/// Device numbers to mount points, of the file systems that lie on devices.
std::map<std::string, std::string> mount_points() {
  std::map<std::string, std::string> points;
  const std::string table = read_file("/proc/self/mountinfo").value_or("");
  std::string_view rest = table;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const auto words = split_words(line);
    if (words.size() > 4) points.emplace(words[2], words[4]);
  }
  return points;
}

std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
  if (!directory) return names;
  while (const dirent* entry = ::readdir(directory.get()))
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  std::ranges::sort(names);
  return names;
}

Device device_of(const std::string& name, std::string indent, const std::map<std::string, std::string>& mounts) {
  Device device;
  device.name = name;
  device.indent = std::move(indent);
  device.numbers = attribute(name, "dev");
  device.size = human_size(to_number(attribute(name, "size"), UINT64_MAX / 1024).value_or(0) * 512);
  device.removable = attribute(name, "removable") == "1";
  device.read_only = attribute(name, "ro") == "1";
  const bool partition = ::access((block_class + name + "/partition").c_str(), F_OK) == 0;
  device.type = partition ? "part" : name.starts_with("sr") ? "rom" : name.starts_with("loop") ? "loop" : "disk";
  if (const auto found = mounts.find(device.numbers); found != mounts.end()) device.mounts = found->second;
  return device;
}

std::vector<Device> devices() {
  const auto mounts = mount_points();
  std::vector<Device> all;
  for (const std::string& name : names_in("/sys/block")) {
    if (attribute(name, "size") == "0") continue;
    all.push_back(device_of(name, "", mounts));
    std::vector<std::string> parts;
    for (const std::string& child : names_in("/sys/block/" + name))
      if (child.starts_with(name) && ::access((block_class + child + "/partition").c_str(), F_OK) == 0)
        parts.push_back(child);
    for (const std::string& part : parts)
      all.push_back(device_of(part, part == parts.back() ? "\u2514\u2500" : "\u251c\u2500", mounts));
  }
  return all;
}

}  // namespace

int programs::lsblk() {
  const std::vector<Device> all = devices();
  std::size_t name_width = 4;
  std::size_t size_width = 5;  // as the original: even short sizes take five places
  for (const Device& device : all) {
    name_width = std::max(name_width, device.name.size() + (device.indent.empty() ? 0 : 2));
    size_width = std::max(size_width, device.size.size());
  }
  std::string out = "NAME" + std::string(name_width - 4, ' ') + " MAJ:MIN RM " + std::string(size_width - 4, ' ') +
                    "SIZE RO TYPE MOUNTPOINTS\n";
  for (const Device& device : all) {
    const std::size_t used = device.name.size() + (device.indent.empty() ? 0 : 2);
    const std::size_t colon = std::min(device.numbers.find(':'), device.numbers.size());
    const std::string minor = device.numbers.substr(std::min(colon + 1, device.numbers.size()));
    std::array<char, 32> numbers{};
    std::snprintf(numbers.data(), numbers.size(), "%3s:%-3s", device.numbers.substr(0, colon).c_str(), minor.c_str());
    std::string line = device.indent + device.name + std::string(name_width - used, ' ') + " " + numbers.data() + "  " +
                       (device.removable ? "1" : "0") + " " + std::string(size_width - device.size.size(), ' ') +
                       device.size + "  " + (device.read_only ? "1" : "0") + " " + device.type;
    if (!device.mounts.empty()) line += std::string(5 - device.type.size(), ' ') + device.mounts;
    out += line + "\n";
  }
  return ::write(1, out.data(), out.size()) == static_cast<ssize_t>(out.size()) ? 0 : 1;
}

}  // namespace guest
