// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

/// Letters and blanks of ASCII, whatever the locale; all other bytes stay what they are.
namespace nephele::ascii {

constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
constexpr char upper(char c) noexcept {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

inline std::string lowered(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}
inline std::string uppered(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), upper);
  return out;
}

inline constexpr std::string_view blanks = " \t";
inline constexpr std::string_view spaces = " \t\r\n";  ///< line ends too

constexpr std::string_view trimmed_left(std::string_view text, std::string_view of = blanks) noexcept {
  while (!text.empty() && of.contains(text.front())) text.remove_prefix(1);
  return text;
}
constexpr std::string_view trimmed_right(std::string_view text, std::string_view of = blanks) noexcept {
  while (!text.empty() && of.contains(text.back())) text.remove_suffix(1);
  return text;
}
constexpr std::string_view trimmed(std::string_view text, std::string_view of = blanks) noexcept {
  return trimmed_left(trimmed_right(text, of), of);
}

}  // namespace nephele::ascii
