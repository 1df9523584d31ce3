// SPDX-License-Identifier: Apache-2.0
#include "apps/vcycled/udp.h"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

namespace nephele::apps::vcycle {

namespace {

constexpr int buffer_bytes = 16 * 1'024 * 1'024;
constexpr int send_wait_ms = 100;
constexpr std::size_t v4_at = 12;  // in an IPv6 address that stands for one of IPv4

std::string because(int error) {
  return std::generic_category().message(error);
}

/// As the socket's family wants it.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }  // NOLINT(*-reinterpret-cast)
};

SocketAddress socket_address(const Peer& peer, bool v6) {
  SocketAddress out;
  if (v6) {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(peer.port);
    std::memcpy(&in.sin6_addr, peer.address.bytes.data(), sizeof in.sin6_addr);
    std::memcpy(&out.storage, &in, sizeof in);
    out.length = sizeof in;
  } else {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(peer.port);
    std::memcpy(&in.sin_addr, peer.address.bytes.data() + v4_at, sizeof in.sin_addr);
    std::memcpy(&out.storage, &in, sizeof in);
    out.length = sizeof in;
  }
  return out;
}

std::optional<Peer> peer_of(const sockaddr* from) {
  Peer out;
  if (from->sa_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, from, sizeof in);
    std::memcpy(out.address.bytes.data(), &in.sin6_addr, sizeof in.sin6_addr);
    out.port = ntohs(in.sin6_port);
    return out;
  }
  if (from->sa_family != AF_INET) return std::nullopt;
  sockaddr_in in{};
  std::memcpy(&in, from, sizeof in);
  out.address.bytes[v4_at - 2] = out.address.bytes[v4_at - 1] = 0xff;
  std::memcpy(out.address.bytes.data() + v4_at, &in.sin_addr, sizeof in.sin_addr);
  out.port = ntohs(in.sin_port);
  return out;
}

bool wait_for(int descriptor, short events, SteadyTime until) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    pollfd waits{.fd = descriptor, .events = events, .revents = 0};
    const int ready = ::poll(&waits, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000)));
    if (ready > 0) return true;
    if (left <= 0 || (ready < 0 && errno != EINTR)) return false;
  }
}

}  // namespace

std::string Peer::text() const {
  const std::string number = std::to_string(port);
  return address.is_v4() ? address.text() + ":" + number : "[" + address.text() + "]:" + number;
}

Result<std::vector<Peer>> resolve(const fleet::HostPort& at) {
  if (const auto address = fleet::Address::from(at.host)) return std::vector{Peer{*address, at.port}};
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (const int failed = ::getaddrinfo(at.host.c_str(), nullptr, &hints, &found); failed != 0)
    return fail(Kind::unavailable, "the address of " + at.host + " is not known: " + ::gai_strerror(failed));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, ::freeaddrinfo);
  std::vector<Peer> out;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next)
    if (auto peer = peer_of(one->ai_addr)) {
      peer->port = at.port;
      out.push_back(*peer);
    }
  if (out.empty()) return fail(Kind::unavailable, at.host + " has no address");
  return out;
}

Result<UdpSocket> UdpSocket::open(const std::optional<fleet::Address>& address, std::uint16_t port) {
  Peer own{.port = port};
  if (address) own.address = *address;
  int error = EAFNOSUPPORT;
  for (const bool v6 : {true, false}) {
    if (!v6 && address && !address->is_v4()) break;
    FileHandle file(::socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!file) continue;  // a host without IPv6
    const int off = 0;
    if (v6) ::setsockopt(file.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    const auto name = socket_address(own, v6);
    if (::bind(file.get(), name.get(), name.length) != 0) {
      error = errno;
      if (error == EADDRNOTAVAIL || error == EAFNOSUPPORT) continue;
      break;
    }
    for (const int option : {SO_RCVBUFFORCE, SO_RCVBUF})
      if (::setsockopt(file.get(), SOL_SOCKET, option, &buffer_bytes, sizeof buffer_bytes) == 0) break;
    return UdpSocket(std::move(file), v6);
  }
  return fail(Kind::unavailable, because(error));
}

Result<> UdpSocket::send(const Peer& to, std::string_view datagram) const {
  if (!v6_ && !to.address.is_v4()) return fail(Kind::unavailable, "this host has no IPv6");
  const auto name = socket_address(to, v6_);
  const SteadyTime until = in(std::chrono::milliseconds(send_wait_ms));
  for (;;) {
    if (::sendto(file_.get(), datagram.data(), datagram.size(), 0, name.get(), name.length) >= 0) return {};
    const int error = errno;
    if (error == EINTR) continue;
    const bool busy = error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS;
    if (!busy || !wait_for(file_.get(), POLLOUT, until)) return fail(Kind::unavailable, because(error));
  }
}

std::optional<UdpSocket::Received> UdpSocket::receive(SteadyTime until, std::size_t bytes_max) const {
  while (wait_for(file_.get(), POLLIN, until)) {
    Received out{.datagram = std::string(bytes_max, '\0')};
    sockaddr_storage from{};
    socklen_t length = sizeof from;
    auto* const name = reinterpret_cast<sockaddr*>(&from);  // NOLINT(*-reinterpret-cast)
    const auto got = ::recvfrom(file_.get(), out.datagram.data(), bytes_max, MSG_TRUNC, name, &length);
    if (got < 0) continue;  // somebody else's error, told to this socket
    const auto peer = peer_of(name);
    if (!peer) continue;
    out.from = *peer;
    out.whole = static_cast<std::size_t>(got) <= bytes_max;
    out.datagram.resize(std::min(static_cast<std::size_t>(got), bytes_max));
    return out;
  }
  return std::nullopt;
}

}  // namespace nephele::apps::vcycle
