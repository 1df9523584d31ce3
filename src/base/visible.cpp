// SPDX-License-Identifier: Apache-2.0
#include "base/visible.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"

namespace nephele {

namespace {

/// Controls of ASCII and of Latin-1 (which move a terminal's cursor) and the line separators of Unicode.
bool is_control(char32_t point) noexcept {
  return point < 0x20 || (point >= 0x7f && point <= 0x9f) || point == 0x2028 || point == 0x2029;
}

}  // namespace

void append_visible(std::string_view text, Quotes quotes, std::string& out) {
  const auto stays = [quotes](char c) {
    return c >= ' ' && c < '\x7f' && (quotes != Quotes::escaped || (c != '"' && c != '\\'));
  };
  for (;;) {
    const auto plain = static_cast<std::size_t>(std::ranges::find_if_not(text, stays) - text.begin());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) return;
    const std::size_t length = utf8_sequence(text);
    const char32_t point = utf8_code_point(text);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else if (quotes == Quotes::escaped && (point == '"' || point == '\\')) {
      out += '\\';
      out += text.front();
    } else if (point == '\n') {
      out += "\\n";
    } else if (is_control(point)) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(point));
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
}

}  // namespace nephele
