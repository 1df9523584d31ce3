// SPDX-License-Identifier: Apache-2.0
#include "network.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/route.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "text.h"

namespace guest {
namespace {

constexpr std::chrono::milliseconds dhcp_wait{4000};

ifreq request_for(const std::string& interface) {
  ifreq request{};
  interface.copy(request.ifr_name, IFNAMSIZ - 1);
  return request;
}

bool set_address(int control, unsigned long what, const std::string& interface, const std::string& text) {
  ifreq request = request_for(interface);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (::inet_pton(AF_INET, text.c_str(), &address.sin_addr) != 1) return false;
  std::memcpy(&request.ifr_addr, &address, sizeof address);
  return ::ioctl(control, what, &request) == 0;
}

void bring_up(int control, const std::string& interface) {
  ifreq request = request_for(interface);
  if (::ioctl(control, SIOCGIFFLAGS, &request) != 0) return;
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  ::ioctl(control, SIOCSIFFLAGS, &request);
}

void add_default_route(int control, const std::string& interface, const std::string& gateway) {
  rtentry route{};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  std::memcpy(&route.rt_dst, &address, sizeof address);
  std::memcpy(&route.rt_genmask, &address, sizeof address);
  if (::inet_pton(AF_INET, gateway.c_str(), &address.sin_addr) != 1) return;
  std::memcpy(&route.rt_gateway, &address, sizeof address);
  route.rt_flags = RTF_UP | RTF_GATEWAY;
  std::string name = interface;
  route.rt_dev = name.data();
  ::ioctl(control, SIOCADDRT, &route);
}

/// The Ethernet interfaces, in the order of their numbers.
std::vector<std::string> interfaces() {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir("/sys/class/net"), ::closedir);
  if (!directory) return names;
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string name = entry->d_name;
    if (name.starts_with('.') || name == "lo") continue;
    if (trim(read_file("/sys/class/net/" + name + "/type").value_or("")) == "1") names.push_back(name);
  }
  std::ranges::sort(names, [](const std::string& a, const std::string& b) {
    return std::pair(a.size(), a) < std::pair(b.size(), b);
  });
  return names;
}

std::string by_mac(const std::vector<std::string>& names, const std::string& mac) {
  for (const std::string& name : names)
    if (equal_ignoring_case(trim(read_file("/sys/class/net/" + name + "/address").value_or("")), mac)) return name;
  return {};
}

void write_resolver(const std::vector<std::string>& servers) {
  std::string text;
  for (const std::string& server : servers) text += "nameserver " + server + "\n";
  replace_file("/run/resolv.conf", text, 0644);
}

}  // namespace

Network::Network(Loop& loop, std::function<void()> changed)
    : loop_(loop),
      changed_(std::move(changed)),
      netlink_(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE)) {
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_IPV4_IFADDR;
  ::bind(netlink_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  loop_.watch(netlink_.get(), EPOLLIN, [this](std::uint32_t) { on_address_event(); });
}

Network::~Network() {
  stop_dhcp();
  loop_.forget(netlink_.get());
}

void Network::apply(const std::vector<NicSettings>& nics) {
  stop_dhcp();
  settled_ = true;
  const std::vector<std::string> names = interfaces();
  const Fd control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  bring_up(control.get(), "lo");
  for (std::size_t number = 0; number < nics.size(); ++number) {
    const NicSettings& nic = nics[number];
    std::string interface = nic.mac.empty() ? std::string() : by_mac(names, nic.mac);
    if (interface.empty() && nic.mac.empty() && number < names.size()) interface = names[number];
    if (interface.empty()) continue;
    if (number == 0) first_interface_ = interface;
    if (!nic.ip.empty()) {
      const bool done = set_address(control.get(), SIOCSIFADDR, interface, nic.ip) &&
                        set_address(control.get(), SIOCSIFNETMASK, interface, nic.mask);
      if (!done) console_line("network: " + interface + " does not take " + nic.ip + "/" + nic.mask);
      bring_up(control.get(), interface);
      if (!nic.gateway.empty()) add_default_route(control.get(), interface, nic.gateway);
      if (!nic.dns.empty()) write_resolver(nic.dns);
    } else if (number == 0) {
      bring_up(control.get(), interface);
      start_dhcp(interface);
    }
  }
}

void Network::start_dhcp(const std::string& interface) {
  settled_ = false;
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::execl("/bin/busybox", "udhcpc", "-i", interface.c_str(), "-f", "-S", "-t", "4", "-T", "1", "-A", "10", "-s",
            "/etc/udhcpc.script", nullptr);
    ::_exit(127);
  }
  dhcp_pid_ = pid;
  dhcp_timer_ = loop_.after(dhcp_wait, [this] {
    dhcp_timer_ = Loop::no_timer;
    settle();
  });
}

void Network::stop_dhcp() {
  loop_.cancel(dhcp_timer_);
  if (dhcp_pid_ <= 0) return;
  ::kill(dhcp_pid_, SIGKILL);
  ::waitpid(dhcp_pid_, nullptr, 0);
  dhcp_pid_ = -1;
}

void Network::on_address_event() {
  std::array<char, 4096> buffer;
  while (::recv(netlink_.get(), buffer.data(), buffer.size(), 0) > 0) {
  }
  if (!settled_ && address() != "none") settle();
}

void Network::settle() {
  loop_.cancel(dhcp_timer_);
  settled_ = true;
  changed_();
}

std::string Network::address() const {
  if (first_interface_.empty()) return "none";
  const Fd control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request = request_for(first_interface_);
  if (::ioctl(control.get(), SIOCGIFADDR, &request) != 0) return "none";
  sockaddr_in address{};
  std::memcpy(&address, &request.ifr_addr, sizeof address);
  std::array<char, INET_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
  return address.sin_addr.s_addr == 0 ? "none" : std::string(text.data());
}

}  // namespace guest
