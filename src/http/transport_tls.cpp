// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <vector>

#include "http/tls.h"
#include "http/transport_socket.h"

namespace nephele::http {

namespace {

using asio::ip::tcp;

class TlsTransport final : public Transport {
 public:
  TlsTransport(tcp::socket socket, std::shared_ptr<asio::ssl::context> context)
      : context_(std::move(context)), stream_(std::move(socket), *context_) {}

  Task<Io> handshake() override {
    Io io;
    co_await stream_.async_handshake(asio::ssl::stream_base::server,
                                     asio::redirect_error(asio::use_awaitable, io.error));
    if (!io.error) certificate_ = shown_by(stream_.native_handle());
    co_return io;
  }

  Task<Io> read_some(std::span<std::byte> into) override {
    Io io;
    io.bytes = co_await stream_.async_read_some(asio::buffer(into.data(), into.size()),
                                                asio::redirect_error(asio::use_awaitable, io.error));
    co_return io;
  }

  std::size_t write_now(std::string_view, std::string_view) noexcept override { return 0; }

  Task<Io> write_some(std::string_view first, std::string_view second) override {
    // One record for head and body of a small answer.
    constexpr std::size_t joined_bytes_max = std::size_t{8} * 1024;
    std::string joined;
    if (first.empty()) {
      first = second;
    } else if (!second.empty() && first.size() + second.size() <= joined_bytes_max) {
      joined.append(first).append(second);
      first = joined;
    }
    Io io;
    io.bytes =
        co_await stream_.async_write_some(asio::buffer(first), asio::redirect_error(asio::use_awaitable, io.error));
    co_return io;
  }

  Task<Io> send_file_some(int descriptor, std::uint64_t offset, std::uint64_t length) override {
    constexpr std::uint64_t block_bytes = std::uint64_t{64} * 1024;
    if (block_.empty()) block_.resize(block_bytes);
    Io io;
    const auto got = ::pread(descriptor, block_.data(), static_cast<std::size_t>(std::min(length, block_bytes)),
                             static_cast<off_t>(offset));
    if (got < 0) io.error = {errno, boost::system::system_category()};
    if (got <= 0) co_return io;
    io.bytes = co_await stream_.async_write_some(asio::buffer(block_.data(), static_cast<std::size_t>(got)),
                                                 asio::redirect_error(asio::use_awaitable, io.error));
    co_return io;
  }

  void acknowledge() noexcept override { acknowledge_now(stream_.lowest_layer().native_handle()); }
  void cancel() noexcept override {
    boost::system::error_code ignored;
    stream_.lowest_layer().cancel(ignored);
  }
  void shutdown_send() noexcept override {
    boost::system::error_code ignored;
    stream_.lowest_layer().shutdown(tcp::socket::shutdown_send, ignored);
  }
  void close() noexcept override {
    boost::system::error_code ignored;
    stream_.lowest_layer().close(ignored);
  }
  bool tls() const noexcept override { return true; }
  const ClientCertificate* client_certificate() const noexcept override {
    return certificate_ ? &*certificate_ : nullptr;
  }

 private:
  std::shared_ptr<asio::ssl::context> context_;
  asio::ssl::stream<tcp::socket> stream_;
  std::vector<std::byte> block_;
  std::optional<ClientCertificate> certificate_;
};

}  // namespace

std::unique_ptr<Transport> tls_transport(tcp::socket socket, std::shared_ptr<asio::ssl::context> context) {
  return std::make_unique<TlsTransport>(std::move(socket), std::move(context));
}

}  // namespace nephele::http
