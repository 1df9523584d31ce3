// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "http/router.h"

namespace nephele::http {

struct Limits {
  std::size_t header_bytes = 16 * 1024;
  std::size_t header_fields = 100;
  std::size_t connections = 4096;          ///< more are accepted and closed at once with 503
  std::size_t drain_bytes = 64 * 1024;     ///< of an unread body, before the connection is closed instead
  std::chrono::milliseconds header{10'000};  ///< from the first byte (or accept) to the end of the header
  std::chrono::milliseconds idle{75'000};    ///< between requests
  std::chrono::milliseconds body_stall{20'000};  ///< without any byte of a body, in either direction
  std::chrono::milliseconds request{120'000};    ///< a handler's whole time (not event streams, not streaming bodies)
  std::chrono::milliseconds keep_alive_comment{15'000};  ///< of event streams
};

struct Tls {
  std::string certificate_file;  ///< PEM chain, leaf first
  std::string key_file;
};

struct Listen {
  std::string address = "127.0.0.1";  ///< IPv4 or IPv6 literal
  std::uint16_t port = 0;             ///< 0: the kernel chooses
  std::optional<Tls> tls;
};

/// Counters for /metrics.
struct ServerMetrics {
  std::atomic<std::uint64_t> connections_accepted{0};
  std::atomic<std::int64_t> connections_open{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> responses_2xx{0}, responses_4xx{0}, responses_5xx{0}, responses_other{0};
  std::atomic<std::uint64_t> bad_requests{0};  ///< refused before a handler
  std::atomic<std::uint64_t> request_microseconds{0};
};

/// HTTP/1.1 on several listeners: keep-alive, pipelining, chunked both ways, Expect, HEAD, streaming with
/// back-pressure, TLS, IPv4 and IPv6. One acceptor per listener and executor (SO_REUSEPORT).
class Server {
 public:
  /// One executor per io_context thread. `router` outlives the server.
  Server(std::vector<Executor> executors, const Router& router, Limits limits, log::Logger access_log,
         log::Logger errors);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Binds and starts accepting; answers the port bound. Fails with a sentence that names address and port, and who
  /// holds it when that can be found out.
  Result<std::uint16_t> listen(const Listen& listen);

  /// Stops accepting, lets requests under way finish until `deadline`, then cuts them.
  Task<> stop(SteadyTime deadline);

  const ServerMetrics& metrics() const noexcept;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace nephele::http
