// SPDX-License-Identifier: Apache-2.0
#include "compute/context.h"

#include <algorithm>

namespace nephele::compute {

bool is_context_key(std::string_view key) noexcept {
  const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; };
  return !key.empty() && letter(key.front()) &&
         std::ranges::all_of(key, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

Result<Secret> context_script(const ContextValues& values) {
  std::string text = "# Context variables of this server\n";
  for (const auto& [key, value] : values) {
    if (!is_context_key(key))
      return fail(Kind::invalid, "context key \"" + key + "\": use capital letters, digits and _ only");
    if (value.reveal().contains('\0')) return fail(Kind::invalid, "the value of context key " + key + " holds a NUL");
    text += key + "='";
    for (const char c : value.reveal()) {
      if (c == '\'')
        text += "'\\''";
      else
        text += c;
    }
    text += "'\n";
  }
  return Secret(std::move(text));
}

}  // namespace nephele::compute
