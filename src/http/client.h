// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "http/message.h"

namespace nephele::http {

struct ClientSettings {
  std::chrono::milliseconds connect{5'000};
  std::size_t connections_per_host = 16;
  std::size_t body_bytes_max = std::size_t{16} * 1024 * 1024;  ///< of an answer read as text
  bool verify_tls = true;      ///< false only where a setting says so; logged loudly by the caller
  std::string ca_file = {};    ///< empty: the system's
  std::string ca_folder = {};  ///< hashed certificates that are trusted beside those
  /// Certificate, its key and what has signed it, in PEM: shown to servers that ask who calls; empty: nobody is.
  std::string certificate_file = {};
  bool use_proxy_environment = true;
};

struct ClientRequest {
  Verb verb = Verb::get;
  std::string url = {};  ///< http or https, without credentials
  Headers headers = {};
  std::string body = {};         ///< used when `stream` is null
  BodyReader* stream = nullptr;  ///< outlives the call; sent chunked, or with `stream_length`
  std::optional<std::uint64_t> stream_length = {};
  std::optional<Basic> basic = {};
  SteadyTime deadline = in(std::chrono::seconds(30));
  /// Tries again after a refused or lost connection, with back-off inside the deadline. Only honoured for idempotent
  /// verbs without a stream, or when `idempotent` says that the call may be repeated.
  int retries_max = 2;
  /// A call that may not be repeated gets a connection of its own: on a kept one that turns out to be dead, libcurl
  /// sends it again by itself, and nobody knows whether the first copy was heard.
  bool idempotent = false;
  /// Never sent twice, whatever the verb: nobody knows whether a DELETE that was lost has been heard.
  bool once = false;
  std::string unix_socket = {};  ///< connect here instead of to the URL's host
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;
};

/// Pooled HTTP(S) client: libcurl's multi interface on one thread; servers that keep no connections are asked on the
/// caller's executor (shortcut.h). Every call has a deadline; a cancelled coroutine cancels its transfer. Errors:
/// `unavailable` (connect, DNS, TLS: the sentence says which), `timeout`, `over_quota` (answer too long), `invalid`
/// (URL or header field). Redirects are not followed. No header value or credential stands in an error. Goes before the
/// io_context of those who called it: its thread may still hold their timers.
class Client {
 public:
  explicit Client(ClientSettings settings = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  Task<Result<ClientResponse>> send(ClientRequest request);
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual Task<Result<>> write(std::span<const std::byte> block) = 0;
  };
  /// The body of a 2xx answer goes to `sink` block by block (back-pressure: the transfer pauses while it is busy);
  /// that of any other is given as text.
  Task<Result<ClientResponse>> send(ClientRequest request, Sink& sink);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace nephele::http
