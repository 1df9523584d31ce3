// SPDX-License-Identifier: Apache-2.0
#include "http_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>

#include "http_connection.h"

namespace guest {
namespace {

Fd open_listener(std::uint16_t port) {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fd;
  const int yes = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return Fd();
  if (::listen(fd.get(), 64) != 0) return Fd();
  return fd;
}

}  // namespace

HttpServer::HttpServer(Loop& loop, Handler handler) : loop_(loop), handler_(std::move(handler)) {}

HttpServer::~HttpServer() {
  close_listeners();
  while (!connections_.empty()) std::shared_ptr<Connection>(connections_.begin()->second)->close();
}

bool HttpServer::listen_on(const std::vector<std::uint16_t>& ports) {
  std::erase_if(listeners_, [&](const auto& entry) {
    if (std::ranges::find(ports, entry.first) != ports.end()) return false;
    loop_.forget(entry.second.get());
    return true;
  });
  bool all = true;
  for (const std::uint16_t port : ports)
    if (!listeners_.contains(port)) all = add_listener(port) && all;
  return all;
}

void HttpServer::close_listeners() {
  for (const auto& [port, fd] : listeners_) loop_.forget(fd.get());
  listeners_.clear();
}

bool HttpServer::add_listener(std::uint16_t port) {
  Fd fd = open_listener(port);
  if (!fd) return false;
  const int number = fd.get();
  if (!loop_.watch(number, EPOLLIN, [this, number](std::uint32_t) { accept_all(number); })) return false;
  listeners_.emplace(port, std::move(fd));
  return true;
}

void HttpServer::accept_all(int listener) {
  for (int count = 0; count < 16; ++count) {
    Fd socket(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) return;
    const int yes = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (connections_.size() >= connections_max && !make_room()) {
      constexpr std::string_view full =
          "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
      ::send(socket.get(), full.data(), full.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      continue;
    }
    auto connection = std::make_shared<Connection>(*this, std::move(socket));
    connections_.emplace(connection.get(), connection);
    connection->start();
  }
}

/// Lets the client go that has said nothing for the longest time.
bool HttpServer::make_room() {
  std::shared_ptr<Connection> oldest;
  for (const auto& [key, connection] : connections_)
    if (connection->idle() && (!oldest || connection->idle_since() < oldest->idle_since())) oldest = connection;
  if (!oldest) return false;
  oldest->close();
  return true;
}

void HttpServer::remove(const Connection* connection) {
  connections_.erase(connection);
}

}  // namespace guest
