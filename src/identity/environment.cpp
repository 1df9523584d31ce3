// SPDX-License-Identifier: Apache-2.0
#include "identity/environment.h"

namespace nephele::identity {

namespace {

/// As a word of a shell.
std::string shell_word(std::string_view text) {
  std::string out = "'";
  for (const char c : text)
    if (c == '\'')
      out += "'\\''";
    else
      out += c;
  return out + "'";
}

}  // namespace

std::string exported(const Variables& variables) {
  std::string text;
  for (const auto& [name, value] : variables)
    text.append("export ").append(name).append("=").append(shell_word(value)).append("\n");
  return text;
}

}  // namespace nephele::identity
