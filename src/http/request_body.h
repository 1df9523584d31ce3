// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/chunks.h"
#include "http/head.h"
#include "http/wire.h"

namespace nephele::http {

/// The body of the present request, read off the connection as the handler asks for it.
class RequestBody final : public BodyReader {
 public:
  RequestBody(Wire& wire, const Limits& limits) : wire_(wire), limits_(limits) {}

  /// A new request: nothing of its body is read yet. Until allow(), reading gives nothing. Its deadline moves on with
  /// the body: a client that sends for an hour waits for an answer after that hour.
  void begin(const HeadFacts& facts, Request& request);
  /// What the route accepts; 0: the handler does not read.
  void allow(std::size_t bytes_max) noexcept { bytes_max_ = bytes_max; }

  Task<Result<std::size_t>> read(std::span<std::byte> into) override;
  /// Reads away what the handler left. False: too much or too slow, close the connection.
  Task<bool> drain();

  bool complete() const noexcept { return state_ == State::complete; }
  /// The connection that it comes by.
  const Transport& transport() const noexcept { return wire_.transport(); }
  /// Longer than the route allows, as far as has been read.
  bool too_long() const noexcept { return too_long_; }
  /// Broken framing, a slow sender, or a lost connection; nothing more can be read from this connection.
  const std::optional<Error>& broken() const noexcept { return broken_; }
  /// The rest cannot be read away cheaply (or may never be sent), so the connection has to close.
  bool must_close() const noexcept;

 private:
  enum class State : std::uint8_t { length, chunked, complete };

  Task<Result<std::size_t>> next(std::span<std::byte> into);
  Task<Result<std::size_t>> read_data(std::span<std::byte> into, std::uint64_t available);
  Task<Result<>> receive();
  Task<Result<>> ask_to_continue();
  std::unexpected<Error> broke(Kind kind, std::string sentence);
  std::unexpected<Error> lost();

  Wire& wire_;
  const Limits& limits_;
  Request* request_ = nullptr;
  State state_ = State::complete;
  bool continue_wanted_ = false;
  bool too_long_ = false;
  std::size_t bytes_max_ = 0;
  std::uint64_t remaining_ = 0;  // with a Content-Length
  std::uint64_t taken_ = 0;
  ChunkDecoder chunks_;
  std::optional<Error> broken_;
};

}  // namespace nephele::http
