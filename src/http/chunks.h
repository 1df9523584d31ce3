// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace nephele::http {

/// The framing of a chunked body (RFC 9112, 7.1) without I/O: tells framing from data. Extensions and trailers are
/// checked for form, counted against a limit and dropped.
class ChunkDecoder {
 public:
  enum class State : std::uint8_t {
    more,  ///< needs more input
    data,  ///< `remaining()` bytes of data follow
    end,   ///< the body is complete; what follows belongs to the next request
    bad,
  };
  struct Step {
    State state = State::more;
    std::size_t framing = 0;  ///< bytes of the input that were framing: drop them
  };

  /// Looks at the bytes that have arrived and were not dropped yet.
  Step next(std::string_view input) noexcept;
  /// Data left in the present chunk.
  std::uint64_t remaining() const noexcept { return remaining_; }
  /// `bytes` (at most `remaining()`) of data were taken off the input.
  void took(std::uint64_t bytes) noexcept;

 private:
  enum class Place : std::uint8_t { size, data, data_end, trailer, end, bad };

  bool read_size(std::string_view line) noexcept;
  Step broken() noexcept;

  Place place_ = Place::size;
  std::uint64_t remaining_ = 0;
  std::size_t overhead_ = 0;  // of extensions and trailers so far
};

}  // namespace nephele::http
