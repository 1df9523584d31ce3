// SPDX-License-Identifier: Apache-2.0
#include "peer.h"

#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "text.h"

namespace guest {
namespace {

constexpr std::chrono::milliseconds deadline{3000};
constexpr std::size_t answer_max = std::size_t{16} * 1024;

class PeerQuestion : public Exchange {
 public:
  PeerQuestion(Loop& loop, std::string ip, std::uint16_t port, Reply reply)
      : loop_(loop), ip_(std::move(ip)), port_(port), reply_(std::move(reply)) {}

  ~PeerQuestion() override { stop(); }

  void start() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    socket_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const bool known = ::inet_pton(AF_INET, ip_.c_str(), &address.sin_addr) == 1;
    if (!known || !socket_ ||
        (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
         errno != EINPROGRESS)) {
      fail(502, "cannot be reached");
      return;
    }
    loop_.watch(socket_.get(), EPOLLOUT, [this](std::uint32_t) { ask(); });
    timer_ = loop_.after(deadline, [this] {
      timer_ = Loop::no_timer;
      fail(504, "does not answer");
    });
  }

  std::size_t body(std::string_view bytes) override { return bytes.size(); }
  void body_end() override {}

 private:
  void stop() {
    loop_.cancel(timer_);
    if (socket_) loop_.forget(socket_.get());
    socket_.reset();
  }

  void fail(int status, const char* what) {
    stop();
    reply_.send(error_response(status, "the peer " + ip_ + " " + what));  // may destroy this
  }

  void ask() {
    const std::string text = "GET /health HTTP/1.1\r\nHost: " + ip_ + "\r\nConnection: close\r\n\r\n";
    if (::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size())) {
      fail(502, "cannot be reached");
      return;
    }
    loop_.forget(socket_.get());
    loop_.watch(socket_.get(), EPOLLIN, [this](std::uint32_t) { read(); });
  }

  void read() {
    std::array<char, 4096> buffer;
    while (answer_.size() < answer_max) {
      const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) break;
      answer_.append(buffer.data(), static_cast<std::size_t>(got));
    }
    finish();
  }

  void finish() {
    const std::string_view answer = answer_;
    const std::size_t end = answer.find("\r\n\r\n");
    const auto code = answer.starts_with("HTTP/1.") ? to_number(answer.substr(9, 3), 999) : std::nullopt;
    if (end == std::string_view::npos || !code) {
      fail(502, "speaks no HTTP");
      return;
    }
    std::string body = "{\"peer\":" + json_quote(ip_ + ":" + std::to_string(port_)) +
                       ",\"ready\":" + (*code == 200 ? "true" : "false") + ",\"code\":" + std::to_string(*code) +
                       ",\"answer\":" + json_quote(trim(answer.substr(end + 4))) + "}";
    stop();
    reply_.send(json_response(200, std::move(body)));  // may destroy this
  }

  Loop& loop_;
  std::string ip_;
  std::uint16_t port_;
  Reply reply_;
  Fd socket_;
  std::string answer_;
  Loop::Timer timer_ = Loop::no_timer;
};

}  // namespace

std::unique_ptr<Exchange> ask_peer(Loop& loop, const std::string& ip, std::uint16_t port, Reply reply) {
  auto question = std::make_unique<PeerQuestion>(loop, ip, port, std::move(reply));
  question->start();
  return question;
}

}  // namespace guest
