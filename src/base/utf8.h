// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace nephele {

/// Bytes of the UTF-8 sequence that `text` begins with (1 to 4), or 0 when it begins with none: a stray or missing
/// continuation, an overlong form, a surrogate, a code point above U+10FFFF (RFC 3629), or the end.
std::size_t utf8_sequence(std::string_view text) noexcept;

bool is_utf8(std::string_view text) noexcept;

/// The code point of the sequence that `text` begins with; 0xFFFD where there is none.
char32_t utf8_code_point(std::string_view text) noexcept;

}  // namespace nephele
