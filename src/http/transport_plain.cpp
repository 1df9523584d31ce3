// SPDX-License-Identifier: Apache-2.0
#include <netinet/tcp.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>

#include "http/pipe_signal.h"
#include "http/transport_socket.h"

namespace nephele::http {

namespace {

using asio::ip::tcp;

boost::system::error_code last_error() {
  return {errno, boost::system::system_category()};
}

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(tcp::socket socket) : socket_(std::move(socket)) {}

  Task<Io> handshake() override { co_return Io{}; }

  Task<Io> read_some(std::span<std::byte> into) override {
    Io io;
    io.bytes = co_await socket_.async_read_some(asio::buffer(into.data(), into.size()),
                                                asio::redirect_error(asio::use_awaitable, io.error));
    co_return io;
  }

  std::size_t write_now(std::string_view first, std::string_view second) noexcept override {
    // sendmsg itself, because Asio would post the completion of a write that never waited: half its price.
    std::array<iovec, 2> parts{};
    parts[0] = {const_cast<char*>(first.data()), first.size()};    // NOLINT: sendmsg does not write there
    parts[1] = {const_cast<char*>(second.data()), second.size()};  // NOLINT
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = second.empty() ? 1 : 2;
    const auto sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent > 0 ? static_cast<std::size_t>(sent) : 0;
  }

  Task<Io> write_some(std::string_view first, std::string_view second) override {
    Io io;
    const std::array<asio::const_buffer, 2> parts{asio::buffer(first), asio::buffer(second)};
    io.bytes = co_await socket_.async_write_some(parts, asio::redirect_error(asio::use_awaitable, io.error));
    co_return io;
  }

  Task<Io> send_file_some(int descriptor, std::uint64_t offset, std::uint64_t length) override {
    constexpr std::uint64_t turn_bytes = 1U << 20U;  // then others of this thread have their turn
    for (;;) {
      Io io;
      auto at = static_cast<off_t>(offset);
      ssize_t sent = 0;
      {
        const PipeSignalGuard guard;
        sent = ::sendfile(socket_.native_handle(), descriptor, &at,
                          static_cast<std::size_t>(std::min(length, turn_bytes)));
        if (sent < 0) io.error = last_error();
      }
      if (sent >= 0) {
        io.bytes = static_cast<std::size_t>(sent);
        co_await asio::post(asio::use_awaitable);
        co_return io;
      }
      if (io.error != asio::error::would_block && io.error != asio::error::interrupted) co_return io;
      io.error = {};
      co_await socket_.async_wait(tcp::socket::wait_write, asio::redirect_error(asio::use_awaitable, io.error));
      if (io.error) co_return io;
    }
  }

  void acknowledge() noexcept override { acknowledge_now(socket_.native_handle()); }
  void cancel() noexcept override {
    boost::system::error_code ignored;
    socket_.cancel(ignored);
  }
  void shutdown_send() noexcept override {
    boost::system::error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
  }
  void close() noexcept override {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }
  bool tls() const noexcept override { return false; }

 private:
  tcp::socket socket_;
};

}  // namespace

void acknowledge_now(int descriptor) noexcept {
  const int now = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_QUICKACK, &now, sizeof now);  // a hint: nothing to do when it is refused
}

std::unique_ptr<Transport> plain_transport(tcp::socket socket) {
  // sendfile(2) and sendmsg(2) go around Asio: the descriptor itself must not block.
  boost::system::error_code ignored;
  socket.native_non_blocking(true, ignored);
  return std::make_unique<PlainTransport>(std::move(socket));
}

}  // namespace nephele::http
