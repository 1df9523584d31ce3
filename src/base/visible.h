// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace nephele {

enum class Quotes : std::uint8_t { as_they_are, escaped };

/// Adds `text` on one line whatever it holds: a line end becomes `\n`, other controls `\u001b`, what is no UTF-8 the
/// replacement character. `escaped` also escapes what would end a quoted text.
void append_visible(std::string_view text, Quotes quotes, std::string& out);

inline std::string visible(std::string_view text) {
  std::string out;
  append_visible(text, Quotes::as_they_are, out);
  return out;
}

}  // namespace nephele
