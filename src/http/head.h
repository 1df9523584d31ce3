// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

#include "http/limits.h"
#include "http/message.h"

/// The header of a request as bytes: where it ends, and what it says. No I/O, no state but a position.
/// Source: RFC 9112 (HTTP/1.1 messages) and RFC 9110 (fields); where they leave a choice, the stricter one, because a
/// proxy in front may choose otherwise (request smuggling).
namespace nephele::http {

/// Why a request never reaches a handler: the answer's status, and the `error` and `message` of its body. The
/// connection closes behind it.
struct Refusal {
  int status = 400;
  std::string_view error = "Bad request";
  std::string_view message;
};

/// Finds the empty line that ends a header, in bytes that arrive piece by piece; looks at each byte once.
class HeadScanner {
 public:
  enum class Found : std::uint8_t { more, head, bad };

  /// `input` is everything received of this request so far. A line that does not end in CRLF is `bad`.
  Found scan(std::string_view input) noexcept;
  /// Bytes of the header with its empty line, after `head`.
  std::size_t size() const noexcept { return at_; }
  /// The request line has arrived whole (tells a target that is too long from too many fields).
  bool has_request_line() const noexcept { return line_ != 0; }
  void reset() noexcept { at_ = line_ = 0; }

 private:
  std::size_t at_ = 0;    // next byte to look at
  std::size_t line_ = 0;  // where the present line starts
};

/// What the session must know beside the Request.
struct HeadFacts {
  bool http10 = false;
  bool keep_alive = true;
  bool chunked = false;
  bool expect_continue = false;
};

/// Reads a whole header (with its empty line) into verb, target, path, query, headers and content_length of `into`.
std::expected<HeadFacts, Refusal> parse_head(std::string_view head, const Limits& limits, Request& into);

/// A token of RFC 9110, 5.6.2: methods and field names.
bool is_token(std::string_view text) noexcept;
/// No control characters but the tab: what a field value may hold.
bool is_field_value(std::string_view text) noexcept;

}  // namespace nephele::http
