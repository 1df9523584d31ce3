// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <array>
#include <boost/asio/ssl/context.hpp>
#include <compare>
#include <memory>
#include <mutex>
#include <optional>

#include "base/async.h"
#include "http/client_certificate.h"
#include "http/server.h"

namespace nephele::http {

/// A server's TLS: 1.2 or newer, the files' certificate. Fails with `invalid` and names the file that cannot be used.
Result<std::shared_ptr<asio::ssl::context>> tls_context(const Tls& files);

/// The verified certificate of the client of a finished handshake; nothing when it showed none.
std::optional<ClientCertificate> shown_by(const SSL* connection);

/// A listener's TLS, read again when its files have changed: a renewed certificate needs no restart. What cannot be
/// read then is told in the log, and the last one goes on. Thread-safe.
class TlsContexts {
 public:
  static Result<std::shared_ptr<TlsContexts>> open(Tls files, log::Logger errors);
  /// For a new connection.
  std::shared_ptr<asio::ssl::context> current();

 private:
  /// What tells one version of a file from another.
  struct Stamp {
    dev_t device = 0;
    ino_t inode = 0;
    off_t bytes = 0;
    std::int64_t changed_ns = 0;
    auto operator<=>(const Stamp&) const = default;
  };
  using Stamps = std::array<Stamp, 3>;

  TlsContexts(Tls files, log::Logger errors) : files_(std::move(files)), errors_(std::move(errors)) {}
  static Stamp stamp_of(const std::string& path);
  Stamps stamps() const;

  const Tls files_;
  const log::Logger errors_;
  std::mutex mutex_;  // guards what follows
  std::shared_ptr<asio::ssl::context> context_;
  Stamps stamps_{};
  SteadyTime looked_, read_;
};

}  // namespace nephele::http
