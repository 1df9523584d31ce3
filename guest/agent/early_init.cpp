// SPDX-License-Identifier: Apache-2.0
// First program of the initramfs: devices, drivers, the root disk; then init from there.
#include <dirent.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>

#include "fd.h"
#include "modules.h"
#include "programs.h"
#include "root_fs.h"
#include "text.h"

namespace guest {
namespace {

constexpr std::chrono::seconds root_wait{10};

void use_console() {
  const int console = ::open("/dev/console", O_RDWR | O_NOCTTY);
  for (int fd = 0; fd < 3; ++fd)
    if (console >= 0 && console != fd) ::dup2(console, fd);
  if (console > 2) ::close(console);
}

std::string root_argument() {
  const std::string cmdline = read_file("/proc/cmdline").value_or("");
  std::string root;  // the last one counts, as with the kernel
  for (const std::string_view word : split_words(cmdline))
    if (word.starts_with("root=")) root = word.substr(5);
  return root;
}

Fd uevent_socket() {
  Fd fd(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = 1;
  ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  return fd;
}

/// The kernel is told not to scan by itself (scsi_mod.scan=manual): asking 256 addresses costs a fifth of the boot, and
/// the context drive has the first one. Drives that are plugged in later announce themselves.
void find_context_drive() {
  const std::unique_ptr<DIR, int (*)(DIR*)> hosts(::opendir("/sys/class/scsi_host"), ::closedir);
  while (const dirent* host = hosts ? ::readdir(hosts.get()) : nullptr)
    if (host->d_name[0] != '.') write_file("/sys/class/scsi_host/" + std::string(host->d_name) + "/scan", "0 0 0");
}

/// Mounts the root disk as soon as it exists; sleeps on kernel events until then.
bool mount_root(const std::string& device) {
  const Fd events = uevent_socket();
  const auto deadline = std::chrono::steady_clock::now() + root_wait;
  while (::mount(device.c_str(), "/newroot", "ext4", MS_NOATIME, nullptr) != 0) {
    const int error = errno;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if ((error != ENOENT && error != ENXIO) || left.count() <= 0) {
      console_line("cannot mount root " + device + ": " + std::strerror(error));
      return false;
    }
    pollfd wait{events.get(), POLLIN, 0};
    ::poll(&wait, 1, static_cast<int>(left.count()));
    char drop[4096];
    while (::recv(events.get(), drop, sizeof drop, 0) > 0) {
    }
  }
  return true;
}

/// The initramfs keeps its memory until its files are gone.
void remove_tree(int directory, dev_t device) {
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(directory), ::closedir);
  if (!entries) return;
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat info{};
    if (entry->d_type == DT_DIR) {
      if (::fstatat(directory, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0 || info.st_dev != device) continue;
      const int child = ::openat(directory, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      if (child >= 0) remove_tree(child, device);
      ::unlinkat(directory, entry->d_name, AT_REMOVEDIR);
    } else {
      ::unlinkat(directory, entry->d_name, 0);
    }
  }
}

void switch_to_root() {
  for (const char* name : {"proc", "sys", "dev"})
    ::mount(("/" + std::string(name)).c_str(), ("/newroot/" + std::string(name)).c_str(), nullptr, MS_MOVE, nullptr);
  struct stat old{};
  ::stat("/", &old);
  const int directory = ::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (::chdir("/newroot") != 0 || ::mount(".", "/", nullptr, MS_MOVE, nullptr) != 0 || ::chroot(".") != 0 ||
      ::chdir("/") != 0)
    console_line("cannot switch to the root disk");
  remove_tree(directory, old.st_dev);
}

}  // namespace

int programs::early_init() {
  ::umask(022);
  ::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);
  ::mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);
  ::mount("dev", "/dev", "devtmpfs", MS_NOSUID, "mode=755");
  use_console();
  const std::string started = uptime_text();
  load_modules("/etc/modules.early");
  find_context_drive();
  console_line("INIT uptime=" + started + " modules=" + uptime_text());
  const std::string root = root_argument();
  if (root.empty()) return init();
  if (!mount_root(root)) return 1;  // the kernel panics, and pvpanic tells the host
  if (!grow_file_system("/newroot", root)) console_line("the root file system does not grow to its disk");
  switch_to_root();
  ::execl("/sbin/init", "/sbin/init", nullptr);
  console_line("the root disk has no /sbin/init");
  return 1;
}

}  // namespace guest
