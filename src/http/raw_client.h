// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/file_handle.h"

/// The other end of the wire in tests: sends exactly the bytes it is given.
namespace nephele::http::testing {

struct RawResponse {
  int status = 0;
  std::string head;                            ///< with the status line
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;                            ///< chunks joined
  bool complete = false;                       ///< framing was kept to the end
};

class RawClient {
 public:
  RawClient(const std::string& address, std::uint16_t port);

  /// False when the server has closed.
  bool send(std::string_view bytes);
  /// One byte at a time, so that each is a read of its own.
  void send_slowly(std::string_view bytes);
  /// The next response; skips 100s unless asked not to. status 0: none came.
  RawResponse receive(bool head_request = false, bool skip_continue = true);
  RawResponse get(std::string_view path) { return exchange("GET", path); }
  RawResponse exchange(std::string_view method, std::string_view path, std::string_view body = {});
  /// Everything up to the end of the connection (or the limit).
  std::string receive_all(std::chrono::milliseconds limit = std::chrono::seconds(10));
  /// True when the server closes within the limit without sending anything more.
  bool closed_by_server(std::chrono::milliseconds limit = std::chrono::seconds(10));
  /// Waits until at least so many bytes are buffered here.
  bool wait_for(std::size_t bytes, std::chrono::milliseconds limit = std::chrono::seconds(10));
  const std::string& buffered() const { return buffer_; }
  void shutdown_send();
  /// A reset instead of an orderly end.
  void abort();
  void close() { socket_.reset(); }
  int descriptor() const { return socket_.get(); }

 private:
  bool more(std::chrono::milliseconds limit = std::chrono::seconds(10));
  bool read_chunks(RawResponse& response);
  std::string take(std::size_t bytes);

  FileHandle socket_;
  std::string buffer_;
};

}  // namespace nephele::http::testing
