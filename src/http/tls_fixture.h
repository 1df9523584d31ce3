// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/file_handle.h"
#include "base/temp_directory.h"
#include "http/server.h"

namespace nephele::http::testing {

/// A key and a certificate for "localhost", 127.0.0.1 and ::1, signed by itself, in PEM files.
class Certificate {
 public:
  Certificate();
  Tls files() const { return {certificate_file, key_file}; }
  TempDirectory directory;
  std::string certificate_file, key_file;
};

/// A TLS client that speaks raw bytes, blocking.
class TlsClient {
 public:
  /// `max_version` 0: the newest. Not connected() when the handshake was refused.
  TlsClient(std::uint16_t port, int max_version = 0);
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;
  bool connected() const { return connected_; }
  void send(std::string_view bytes);
  /// Up to so many bytes, or to the end.
  std::string receive(std::size_t bytes);

 private:
  struct State;
  FileHandle socket_;
  std::unique_ptr<State> state_;
  bool connected_ = false;
};

}  // namespace nephele::http::testing
