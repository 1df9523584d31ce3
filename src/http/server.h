// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "http/limits.h"
#include "http/router.h"
#include "http/server_metrics.h"

namespace nephele::http {

struct Tls {
  std::string certificate_file;  ///< PEM chain, leaf first
  std::string key_file;
  /// Not empty: clients may show certificates of the authorities in this directory (c_rehash), or proxies of such
  /// (RFC 3820); what cannot be verified ends the handshake. Revocation lists beside them count.
  std::string ca_directory = {};
};

/// A request and how it was answered, for a log of the listener's own.
struct Answered {
  const Request& request;
  int status;
  std::uint64_t bytes;  ///< of the body
  bool http10;
};

struct Listen {
  std::string address = "127.0.0.1";  ///< IPv4 or IPv6 literal
  std::uint16_t port = 0;             ///< 0: the kernel chooses
  std::optional<Tls> tls = {};
  /// Addresses whose X-Forwarded-For is believed (literals, no networks).
  std::vector<std::string> trusted_proxies = {};
  bool merge_slashes = false;  ///< "//" anywhere in a path counts as "/"
  /// Called on the connection's thread, after each answer; throws nothing.
  std::function<void(const Answered&)> answered = {};
};

/// HTTP/1.1 on several listeners: keep-alive, pipelining, chunked both ways, Expect, HEAD, streaming with
/// back-pressure, TLS, IPv4 and IPv6. One acceptor per listener and executor (SO_REUSEPORT).
class Server {
 public:
  /// One executor per io_context, each run by one thread: a connection lives on one of them without locks. `router`
  /// outlives the server.
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
