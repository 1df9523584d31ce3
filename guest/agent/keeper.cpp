// SPDX-License-Identifier: Apache-2.0
// Keeps the system in step with the machine: brings hot-added CPUs and memory on line, grows the root file system
// with its disk, and turns the power button into an orderly stop. A program of its own, so that nothing that comes
// over the network can keep it from doing that.
#include <dirent.h>
#include <fcntl.h>
#include <linux/input.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <map>
#include <memory>
#include <string>

#include "loop.h"
#include "machine_facts.h"
#include "modules.h"
#include "programs.h"
#include "root_fs.h"
#include "text.h"
#include "uevents.h"

namespace guest {
namespace {

template <class Each>
void for_each_name(const std::string& directory, Each each) {
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(directory.c_str()), ::closedir);
  if (!entries) return;
  while (const dirent* entry = ::readdir(entries.get()))
    if (entry->d_name[0] != '.') each(std::string(entry->d_name));
}

class Keeper {
 public:
  Keeper() : uevents_(loop_, [this](const Uevent& event) { on_uevent(event); }), disk_(root_disk()) {}

  int run() {
    ::signal(SIGTERM, SIG_DFL);
    load_modules("/etc/modules.late");
    for_each_name("/dev/input", [this](const std::string& name) { watch_input("/dev/input/" + name); });
    for_each_name("/sys/devices/system/cpu",
                  [](const std::string& name) { cpu_online("/sys/devices/system/cpu/" + name); });
    for_each_name("/sys/devices/system/memory",
                  [](const std::string& name) { memory_online("/sys/devices/system/memory/" + name); });
    grow();
    loop_.run();
    return 0;
  }

 private:
  static void cpu_online(const std::string& device) {
    const std::string knob = device + "/online";
    if (trim(read_file(knob).value_or("1")) == "0" && !write_file(knob, "1"))
      console_line("hot-plug: " + device + " does not come on line");
  }

  static void memory_online(const std::string& device) {
    const std::string knob = device + "/state";
    if (trim(read_file(knob).value_or("online")) == "offline" && !write_file(knob, "online"))
      console_line("hot-plug: " + device + " does not come on line");
  }

  void on_uevent(const Uevent& event) {
    const std::string device = "/sys" + std::string(event.devpath);
    if (event.subsystem == "cpu" && event.action == "add") cpu_online(device);
    if (event.subsystem == "memory" && event.action == "add") memory_online(device);
    if (event.subsystem == "input" && event.action == "add" && !event.devname.empty())
      watch_input("/dev/" + std::string(event.devname));
    if (event.subsystem == "block" && event.action == "change" && event.devname == disk_) grow();
  }

  void grow() {
    if (!disk_.empty() && !grow_file_system("/", "/dev/" + disk_))
      console_line("disk: the root file system does not grow to its disk");
  }

  void watch_input(const std::string& device) {
    if (device.find("/event") == std::string::npos || inputs_.contains(device)) return;
    Fd fd(::open(device.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (!fd) return;
    std::array<unsigned char, KEY_MAX / 8 + 1> keys{};
    ::ioctl(fd.get(), EVIOCGBIT(EV_KEY, keys.size()), keys.data());
    if ((keys[KEY_POWER / 8] >> (KEY_POWER % 8) & 1) == 0) return;
    const int number = fd.get();
    loop_.watch(number, EPOLLIN, [this, number, device](std::uint32_t) { on_input(number, device); });
    inputs_.emplace(device, std::move(fd));
  }

  void on_input(int fd, const std::string& device) {
    input_event event{};
    ssize_t got = 0;
    while ((got = ::read(fd, &event, sizeof event)) == sizeof event) {
      if (event.type != EV_KEY || event.code != KEY_POWER || event.value != 1) continue;
      console_line("power button");
      ::kill(1, SIGUSR2);
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    loop_.forget(fd);
    inputs_.erase(device);  // the loop holds the watch, and `device` in it, until this call returns
  }

  Loop loop_;
  Uevents uevents_;
  std::string disk_;
  std::map<std::string, Fd> inputs_;
};

}  // namespace

int programs::keeper() {
  return Keeper().run();
}

}  // namespace guest
