// SPDX-License-Identifier: Apache-2.0
#include "base/redacted.h"

namespace nephele {

namespace {

constexpr std::string_view mark = "***";

bool is_key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/' ||
         c == '=' || c == '-' || c == '_';
}

std::string without_long_words(std::string_view text) {
  constexpr std::size_t word_max = 40;
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto begin = at;
    while (at < text.size() && is_key_character(text[at])) ++at;
    out += at - begin > word_max ? mark : text.substr(begin, at - begin);
    if (at < text.size()) out += text[at++];
  }
  return out;
}

}  // namespace

std::string redacted(std::string text, const std::vector<std::string>& secrets) {
  for (const auto& secret : secrets) {
    if (secret.empty()) continue;
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + mark.size()))
      text.replace(at, secret.size(), mark);
  }
  return without_long_words(text);
}

}  // namespace nephele
