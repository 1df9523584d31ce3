// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

/// The header of an answer as bytes.
namespace nephele::http {

/// 1xx, 204 and 304 never have a body, whatever the handler says.
constexpr bool may_have_body(int status) noexcept {
  return status >= 200 && status != 204 && status != 304;
}

/// How the end of the body is told.
struct ReplyFraming {
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool close = false;
  bool http10 = false;  ///< of the request: keep-alive must be said
};

/// Appends status line, our own fields, the handler's and the framing. Fields of the handler that belong to the
/// framing are left out, and so are malformed ones (a line break in a value would begin a second answer).
void write_head(std::string& out, int status, const Headers& headers, const ReplyFraming& framing,
                std::string_view date, std::string_view request_id);

void append_number(std::string& out, std::uint64_t number);
/// "1f4\r\n": the start of a chunk.
void append_chunk_size(std::string& out, std::uint64_t bytes);

/// {"error":..., "message":...}
std::string error_body(std::string_view error, std::string_view message);

}  // namespace nephele::http
