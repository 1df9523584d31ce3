// SPDX-License-Identifier: Apache-2.0
#include "http/raw_client.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

namespace nephele::http::testing {

RawClient::RawClient(const std::string& address, std::uint16_t port) {
  const bool v6 = address.find(':') != std::string::npos;
  socket_ = FileHandle(::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket_) throw std::runtime_error("no socket for the test's client");
  int rc = 0;
  if (v6) {
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    to.sin6_port = htons(port);
    inet_pton(AF_INET6, address.c_str(), &to.sin6_addr);
    rc = ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to);
  } else {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    inet_pton(AF_INET, address.c_str(), &to.sin_addr);
    rc = ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }
  if (rc != 0) throw std::runtime_error("cannot connect to the test's server");
  const int on = 1;
  ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void RawClient::send_slowly(std::string_view bytes) {
  for (const char& byte : bytes)
    if (!send({&byte, 1})) return;
}

bool RawClient::more(std::chrono::milliseconds limit) {
  pollfd wait{socket_.get(), POLLIN, 0};
  if (::poll(&wait, 1, static_cast<int>(limit.count())) <= 0) return false;
  std::array<char, 65536> block{};
  const auto got = ::recv(socket_.get(), block.data(), block.size(), 0);
  if (got <= 0) return false;
  buffer_.append(block.data(), static_cast<std::size_t>(got));
  return true;
}

bool RawClient::wait_for(std::size_t bytes, std::chrono::milliseconds limit) {
  while (buffer_.size() < bytes)
    if (!more(limit)) return false;
  return true;
}

std::string RawClient::take(std::size_t bytes) {
  std::string taken = buffer_.substr(0, bytes);
  buffer_.erase(0, bytes);
  return taken;
}

RawResponse RawClient::receive(bool head_request, bool skip_continue) {
  RawResponse response;
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
    if (!more()) return response;
  response.head = take(end + 4);
  std::from_chars(response.head.data() + 9, response.head.data() + 12, response.status);
  if (response.status == 100 && skip_continue) return receive(head_request);
  for (std::size_t at = response.head.find("\r\n") + 2; at + 2 < response.head.size();) {
    const auto stop = response.head.find("\r\n", at);
    const auto colon = response.head.find(':', at);
    std::string name = response.head.substr(at, colon - at);
    std::ranges::transform(name, name.begin(), [](char c) { return static_cast<char>(std::tolower(c)); });
    response.headers[name] = response.head.substr(colon + 2, stop - colon - 2);
    at = stop + 2;
  }
  if (head_request || response.status == 204 || response.status == 304 || response.status == 100) {
    response.complete = true;
  } else if (response.headers.contains("content-length")) {
    const std::size_t length = std::stoull(response.headers["content-length"]);
    response.complete = wait_for(length);
    response.body = take(std::min(length, buffer_.size()));
  } else if (response.headers.contains("transfer-encoding")) {
    response.complete = read_chunks(response);
  } else {
    response.body = receive_all();
    response.complete = true;
  }
  return response;
}

bool RawClient::read_chunks(RawResponse& response) {
  for (;;) {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n")) == std::string::npos)
      if (!more()) return false;
    std::size_t size = 0;
    std::from_chars(buffer_.data(), buffer_.data() + end, size, 16);
    take(end + 2);
    if (!wait_for(size + 2)) return false;
    response.body += take(size);
    if (take(2) != "\r\n") return false;
    if (size == 0) return true;
  }
}

RawResponse RawClient::exchange(std::string_view method, std::string_view path, std::string_view body) {
  std::string text = std::string(method) + " " + std::string(path) + " HTTP/1.1\r\nHost: test\r\n";
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  send(text + "\r\n" + std::string(body));
  return receive(method == "HEAD");
}

std::string RawClient::receive_all(std::chrono::milliseconds limit) {
  while (more(limit)) {
  }
  return take(buffer_.size());
}

bool RawClient::closed_by_server(std::chrono::milliseconds limit) {
  if (!buffer_.empty()) return false;
  pollfd wait{socket_.get(), POLLIN, 0};
  if (::poll(&wait, 1, static_cast<int>(limit.count())) <= 0) return false;
  char byte = 0;
  return ::recv(socket_.get(), &byte, 1, 0) <= 0;
}

void RawClient::shutdown_send() {
  ::shutdown(socket_.get(), SHUT_WR);
}

void RawClient::abort() {
  const linger now{1, 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  socket_.reset();
}

}  // namespace nephele::http::testing
