// SPDX-License-Identifier: Apache-2.0
#include "http/direct.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <optional>

#include "base/file_handle.h"
#include "base/secret.h"
#include "http/answer.h"

namespace nephele::http {

namespace {

using asio::ip::tcp;
using boost::system::error_code;

/// A socket whose waits end at a time.
class Connection {
 public:
  Connection(const Executor& executor, bool v6, FileHandle socket)
      : line_(std::make_shared<Line>(executor)), descriptor_(socket.get()) {
    error_code error;
    line_->socket.assign(v6 ? tcp::v6() : tcp::v4(), descriptor_, error);
    if (error)
      descriptor_ = -1;
    else
      (void)socket.release();
  }
  bool usable() const noexcept { return descriptor_ >= 0; }
  bool timed_out() const noexcept { return line_->late; }

  void expect_until(SteadyTime when) {
    if (when == line_->until) return;
    line_->until = when;
    line_->timer.expires_at(when);
    line_->timer.async_wait([weak = std::weak_ptr(line_), when](error_code error) {
      const auto line = weak.lock();
      // The end of an earlier wait may have been on its way already when the time was changed.
      if (error || !line || line->until != when) return;
      line->late = true;
      line->socket.cancel(error);
    });
  }

  /// How much of it the kernel took; -1 and errno when nothing.
  ssize_t send_now(std::string_view first, std::string_view second) noexcept {
    std::array<iovec, 2> parts{};
    parts[0] = {const_cast<char*>(first.data()), first.size()};    // NOLINT: sendmsg does not write there
    parts[1] = {const_cast<char*>(second.data()), second.size()};  // NOLINT
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = 2;
    return ::sendmsg(descriptor_, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  Task<error_code> wait_to_send() {
    error_code error;
    co_await line_->socket.async_wait(tcp::socket::wait_write, asio::redirect_error(asio::use_awaitable, error));
    check(error);
    co_return error;
  }
  Task<error_code> wait_to_receive() {
    error_code error;
    co_await line_->socket.async_wait(tcp::socket::wait_read, asio::redirect_error(asio::use_awaitable, error));
    check(error);
    co_return error;
  }
  /// Once closed, both sides forget it at once: neither keeps its ports for a minute (TIME_WAIT), which a few hundred
  /// connections a second would use up.
  void leave_no_trace() noexcept {
    constexpr linger at_once{.l_onoff = 1, .l_linger = 0};
    (void)::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  /// 0 at the end of the connection; -1 and errno when nothing came.
  ssize_t receive_now(std::span<char> into) noexcept {
    return ::recv(descriptor_, into.data(), into.size(), MSG_DONTWAIT);
  }

 private:
  struct Line {
    explicit Line(const Executor& executor) : socket(executor), timer(executor) {}
    tcp::socket socket;
    asio::steady_timer timer;
    SteadyTime until = SteadyTime::min();
    bool late = false;
  };

  void check(error_code error) const {
    if (error == asio::error::operation_aborted && !line_->late)
      throw boost::system::system_error(error);  // cancelled from outside, not by the time
  }

  std::shared_ptr<Line> line_;
  int descriptor_;
};

std::string head_of(const Shortcut& way, const ClientRequest& request) {
  std::string out;
  out.reserve(way.target.size() + way.head.size() + 160);
  out.append(to_string(request.verb)).append(" ").append(way.target).append(way.head);
  if (request.basic)
    out.append("Authorization: Basic ")
        .append(to_base64(request.basic->user + ":" + request.basic->password.reveal()))
        .append("\r\n");
  for (const auto& [name, value] : request.headers) out.append(name).append(": ").append(value).append("\r\n");
  if (!request.body.empty() || request.verb == Verb::post || request.verb == Verb::put || request.verb == Verb::patch)
    out.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  out += "\r\n";
  return out;
}

/// A socket on its way to the server: over loopback it is there already.
FileHandle connecting(const Shortcut& way, bool v6) {
  FileHandle socket(::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return socket;
  sockaddr_in four{};
  sockaddr_in6 six{};
  four.sin_family = AF_INET;
  six.sin6_family = AF_INET6;
  four.sin_port = six.sin6_port = htons(way.port);
  const bool known = v6 ? ::inet_pton(AF_INET6, way.ip.c_str(), &six.sin6_addr) == 1
                        : ::inet_pton(AF_INET, way.ip.c_str(), &four.sin_addr) == 1;
  // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): how the system takes addresses
  const int rc = !known ? -1
                 : v6   ? ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&six), sizeof six)
                        : ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&four), sizeof four);
  // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
  if (!known || (rc != 0 && errno != EINPROGRESS)) return FileHandle();
  return socket;
}

/// Sends it all; what `answer` says of the first byte is kept up to date.
Task<CURLcode> send(Connection& connection, std::string_view head, std::string_view body, SteadyTime connected_until,
                    SteadyTime deadline, DirectAnswer& answer) {
  while (!head.empty() || !body.empty()) {
    const auto sent = connection.send_now(head, body);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN) co_return answer.sent ? CURLE_SEND_ERROR : CURLE_COULDNT_CONNECT;
    if (sent < 0) {
      connection.expect_until(answer.sent ? deadline : connected_until);
      const auto error = co_await connection.wait_to_send();
      if (connection.timed_out()) co_return CURLE_OPERATION_TIMEDOUT;
      if (error) co_return answer.sent ? CURLE_SEND_ERROR : CURLE_COULDNT_CONNECT;
      continue;
    }
    answer.sent = true;
    const auto of_head = std::min(head.size(), static_cast<std::size_t>(sent));
    head.remove_prefix(of_head);
    body.remove_prefix(static_cast<std::size_t>(sent) - of_head);
  }
  co_return CURLE_OK;
}

/// Reads what has come; nothing when more is to be waited for. No coroutine: thousands may wait, and none of them holds
/// a block meanwhile.
std::optional<CURLcode> read_what_came(Connection& connection, AnswerReader& reader) {
  std::array<char, std::size_t{16} * 1024> block;
  for (;;) {
    const auto got = connection.receive_now(block);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return std::nullopt;
    if (got < 0) return CURLE_RECV_ERROR;
    if (got == 0) {
      if (reader.state() == AnswerReader::State::until_end) return CURLE_OK;
      return reader.began() ? CURLE_PARTIAL_FILE : CURLE_GOT_NOTHING;
    }
    switch (reader.take({block.data(), static_cast<std::size_t>(got)})) {
      case AnswerReader::State::whole:
        return CURLE_OK;
      case AnswerReader::State::garbage:
        return CURLE_WEIRD_SERVER_REPLY;
      case AnswerReader::State::too_long:
        return CURLE_WRITE_ERROR;
      default:
        break;
    }
  }
}

Task<CURLcode> receive(Connection& connection, AnswerReader& reader) {
  for (;;) {
    const auto error = co_await connection.wait_to_receive();
    if (connection.timed_out()) co_return CURLE_OPERATION_TIMEDOUT;
    if (error) co_return CURLE_RECV_ERROR;
    if (const auto code = read_what_came(connection, reader)) co_return *code;
  }
}

}  // namespace

Task<DirectAnswer> ask_directly(const Shortcut& way, const ClientSettings& settings, const ClientRequest& request) {
  DirectAnswer answer;
  answer.code = CURLE_COULDNT_CONNECT;
  const bool v6 = way.ip.contains(':');
  auto socket = connecting(way, v6);
  if (!socket) co_return answer;
  Connection connection(co_await this_executor(), v6, std::move(socket));
  if (!connection.usable()) co_return answer;
  const auto head = head_of(way, request);
  answer.code = co_await send(connection, head, request.body, std::min(in(settings.connect), request.deadline),
                              request.deadline, answer);
  if (answer.code != CURLE_OK) co_return answer;
  connection.expect_until(request.deadline);
  AnswerReader reader(request.verb, settings.body_bytes_max);
  answer.code = co_await receive(connection, reader);
  answer.too_long = reader.state() == AnswerReader::State::too_long;
  if (answer.code != CURLE_OK) co_return answer;
  answer.response = std::move(reader.response());
  // Whoever says that this was all waits for nothing more from us.
  if (closes_connection(answer.response.headers)) connection.leave_no_trace();
  co_return answer;
}

}  // namespace nephele::http
