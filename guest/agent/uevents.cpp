// SPDX-License-Identifier: Apache-2.0
#include "uevents.h"

#include <linux/netlink.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>

namespace guest {

Uevents::Uevents(Loop& loop, std::function<void(const Uevent&)> call)
    : loop_(loop),
      call_(std::move(call)),
      socket_(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT)) {
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = 1;
  if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return;
  loop_.watch(socket_.get(), EPOLLIN, [this](std::uint32_t) { receive(); });
}

Uevents::~Uevents() {
  loop_.forget(socket_.get());
}

void Uevents::receive() {
  std::array<char, 8192> buffer;
  while (true) {
    sockaddr_nl from{};
    socklen_t size = sizeof from;
    const ssize_t got =
        ::recvfrom(socket_.get(), buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (got <= 0) return;
    if (from.nl_pid != 0) continue;  // only the kernel is believed
    std::string_view text(buffer.data(), static_cast<std::size_t>(got));
    Uevent event;
    while (!text.empty()) {
      const std::string_view pair = text.substr(0, text.find('\0'));
      text.remove_prefix(std::min(pair.size() + 1, text.size()));
      const auto take = [&](std::string_view key, std::string_view& field) {
        if (pair.starts_with(key)) field = pair.substr(key.size());
      };
      take("ACTION=", event.action);
      take("DEVPATH=", event.devpath);
      take("SUBSYSTEM=", event.subsystem);
      take("DEVNAME=", event.devname);
    }
    call_(event);
  }
}

}  // namespace guest
