// SPDX-License-Identifier: Apache-2.0
#include "http/chunks.h"

#include <charconv>

#include "http/head.h"

namespace nephele::http {

namespace {
constexpr std::size_t line_bytes_max = 1024;                        // a size with its extensions, or a trailer field
constexpr std::size_t overhead_bytes_max = std::size_t{16} * 1024;  // of all extensions and trailers of a body
constexpr std::size_t size_digits_max = 15;                         // below 2^60: sums do not overflow
}  // namespace

ChunkDecoder::Step ChunkDecoder::broken() noexcept {
  place_ = Place::bad;
  return {State::bad, 0};
}

bool ChunkDecoder::read_size(std::string_view line) noexcept {
  std::uint64_t size = 0;
  const auto [end, ec] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
  const auto digits = static_cast<std::size_t>(end - line.data());
  if (ec != std::errc{} || digits == 0 || digits > size_digits_max) return false;
  const auto extension = line.substr(digits);
  if (!extension.empty() && extension.front() != ';') return false;  // also refuses blanks after the size
  if (!is_field_value(extension)) return false;
  overhead_ += extension.size();
  remaining_ = size;
  place_ = size == 0 ? Place::trailer : Place::data;
  return true;
}

ChunkDecoder::Step ChunkDecoder::next(std::string_view input) noexcept {
  std::size_t used = 0;
  for (;;) {
    const auto rest = input.substr(used);
    switch (place_) {
      case Place::data:
        return {State::data, used};
      case Place::end:
        return {State::end, used};
      case Place::bad:
        return broken();
      case Place::data_end:
        if (!rest.empty() && rest.front() != '\r') return broken();
        if (rest.size() < 2) return {State::more, used};
        if (rest[1] != '\n') return broken();
        used += 2;
        place_ = Place::size;
        break;
      case Place::size:
      case Place::trailer: {
        const auto end = rest.substr(0, line_bytes_max).find('\n');
        if (end == std::string_view::npos) {
          if (rest.size() >= line_bytes_max) return broken();
          return {State::more, used};
        }
        if (end == 0 || rest[end - 1] != '\r') return broken();
        const auto line = rest.substr(0, end - 1);
        used += end + 1;
        if (place_ == Place::size) {
          if (!read_size(line)) return broken();
        } else if (line.empty()) {
          place_ = Place::end;
        } else {
          const auto colon = line.find(':');
          if (colon == std::string_view::npos || !is_token(line.substr(0, colon)) ||
              !is_field_value(line.substr(colon + 1)))
            return broken();
          overhead_ += line.size();
        }
        if (overhead_ > overhead_bytes_max) return broken();
        break;
      }
    }
  }
}

void ChunkDecoder::took(std::uint64_t bytes) noexcept {
  remaining_ -= bytes;
  if (remaining_ == 0) place_ = Place::data_end;
}

}  // namespace nephele::http
