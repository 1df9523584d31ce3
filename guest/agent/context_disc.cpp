// SPDX-License-Identifier: Apache-2.0
#include "context_disc.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "fd.h"
#include "text.h"

namespace guest {
namespace {

constexpr std::string_view mount_point = "/run/nephele/disc";
constexpr std::size_t context_max = std::size_t{256} * 1024;
constexpr off_t function_max = 32 << 20;

std::vector<std::string> names_in(const char* path) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path), ::closedir);
  if (!directory) return names;
  while (const dirent* entry = ::readdir(directory.get()))
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  std::ranges::sort(names);
  return names;
}

/// CD-ROM drives first, then whole disks that may carry the same image.
std::vector<std::string> candidates() {
  std::vector<std::string> names = names_in("/sys/class/block");
  std::erase_if(names, [](const std::string& name) {
    return !name.starts_with("sr") && !name.starts_with("vd") && !name.starts_with("sd");
  });
  std::ranges::sort(names, {}, [](const std::string& name) { return std::pair(!name.starts_with("sr"), name); });
  return names;
}

/// ISO 9660: the primary volume descriptor is sector 16, the volume identifier 32 bytes at 40.
bool has_context_label(const std::string& device) {
  const Fd fd(::open(device.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 2048> sector{};
  if (!fd || ::pread(fd.get(), sector.data(), sector.size(), off_t{16} * 2048) != static_cast<ssize_t>(sector.size()))
    return false;
  const std::string_view text(sector.data(), sector.size());
  return text.substr(1, 5) == "CD001" && trim(text.substr(40, 32)) == "CONTEXT";
}

bool copy_function(const std::string& from, const std::string& to) {
  const Fd in(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info{};
  if (!in || ::fstat(in.get(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > function_max) return false;
  const std::string temporary = to + ".new";
  ::unlink(temporary.c_str());
  {
    const Fd out(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!out) return false;
    for (off_t left = info.st_size; left > 0;) {
      const ssize_t copied = ::sendfile(out.get(), in.get(), nullptr, static_cast<std::size_t>(left));
      if (copied <= 0) return false;
      left -= copied;
    }
  }
  return ::rename(temporary.c_str(), to.c_str()) == 0;
}

}  // namespace

std::optional<ContextDisc> read_context_disc(const std::string& function_copy) {
  const std::string point(mount_point);
  for (const std::string& name : candidates()) {
    const std::string device = "/dev/" + name;
    if (!has_context_label(device)) continue;
    ::mkdir(point.c_str(), 0700);
    if (::mount(device.c_str(), point.c_str(), "iso9660", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0)
      continue;
    auto text = read_file(point + "/context.sh", context_max);
    if (text) copy_function(point + "/function", function_copy);
    ::umount2(point.c_str(), MNT_DETACH);
    ::rmdir(point.c_str());
    if (text) return ContextDisc{device, std::move(*text)};
  }
  return std::nullopt;
}

bool may_have_disc() {
  return !names_in("/sys/class/scsi_host").empty();
}

}  // namespace guest
