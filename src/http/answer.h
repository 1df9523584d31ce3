// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/chunks.h"
#include "http/client.h"

/// The answer to a request as bytes: where it ends and what it says. No I/O. Lenient where old servers are odd (bare
/// line feeds, unknown fields), strict where the length is told.
namespace nephele::http {

/// An answer whose header is longer is refused, whichever way it came.
inline constexpr std::size_t answer_header_bytes_max = std::size_t{64} * 1024;

/// One line of an answer's header, with or without its end, into what is known so far; a status line begins anew.
void take_header_line(std::string_view line, ClientResponse& into);

/// Whether the server closes the connection behind this answer, by its own word.
bool closes_connection(const Headers& headers);

/// Reads one answer piece by piece.
class AnswerReader {
 public:
  enum class State : std::uint8_t {
    head,       ///< the header has not ended
    body,       ///< the body has not ended
    until_end,  ///< the body ends with the connection
    whole,
    garbage,   ///< this is no HTTP/1.1
    too_long,  ///< a header or a body beyond its limit
  };

  /// `asked`: what an answer to HEAD has no body for.
  AnswerReader(Verb asked, std::size_t body_bytes_max) : asked_(asked), body_bytes_max_(body_bytes_max) {}

  State take(std::string_view block);
  /// Something has arrived.
  bool began() const noexcept { return header_bytes_ != 0; }
  State state() const noexcept { return state_; }
  ClientResponse& response() noexcept { return response_; }

 private:
  std::string_view take_head(std::string_view block);
  bool take_line(std::string_view line);
  void begin_body();
  void take_body(std::string_view block);
  void take_chunks(std::string_view block);

  Verb asked_;
  std::size_t body_bytes_max_;
  State state_ = State::head;
  std::size_t header_bytes_ = 0;
  std::string rest_;  // of a line, or of a chunk's framing, that has not arrived whole
  std::uint64_t left_ = 0;
  bool chunked_ = false;
  ChunkDecoder chunks_;
  ClientResponse response_;
};

}  // namespace nephele::http
