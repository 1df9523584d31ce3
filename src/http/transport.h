// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/system/error_code.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/task.h"
#include "http/client_certificate.h"

namespace nephele::http {

/// What a wait for the network brought.
struct Io {
  boost::system::error_code error;
  std::size_t bytes = 0;
};

/// The bytes of one connection: a socket, TLS over a socket, or memory (tests, fuzzing). Used by one thread. Waiting
/// has no limit of its own: the session cancels it.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Before the first byte; nothing to do without TLS.
  virtual Task<Io> handshake() = 0;
  /// At least one byte, or an error (also at the peer's end).
  virtual Task<Io> read_some(std::span<std::byte> into) = 0;
  /// What goes out at once of `first` and then `second`; 0 when it would wait, or when there is an error to be found
  /// by waiting.
  virtual std::size_t write_now(std::string_view first, std::string_view second) noexcept = 0;
  /// At least one byte of `first` and then `second`.
  virtual Task<Io> write_some(std::string_view first, std::string_view second) = 0;
  /// At least one byte of the file; 0 when it ends before `offset`.
  virtual Task<Io> send_file_some(int descriptor, std::uint64_t offset, std::uint64_t length) = 0;

  /// The peer may be waiting for what it sent to be acknowledged: do so at once, not within the kernel's usual 40 ms.
  virtual void acknowledge() noexcept = 0;
  /// Pending waits end with operation_aborted.
  virtual void cancel() noexcept = 0;
  /// No more bytes from us; the peer may still send.
  virtual void shutdown_send() noexcept = 0;
  virtual void close() noexcept = 0;
  virtual bool tls() const noexcept = 0;
  /// What the client showed in the handshake and was verified; null: nothing.
  virtual const ClientCertificate* client_certificate() const noexcept { return nullptr; }
};

}  // namespace nephele::http
