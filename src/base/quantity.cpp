// SPDX-License-Identifier: Apache-2.0
#include "base/quantity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "base/ascii.h"

namespace nephele {

namespace {

constexpr std::string_view allowed = "write a number with K, M, G, T or P behind it (1024 each), or inf";
constexpr std::string_view letters = "KMGTP";

struct Style {
  std::string_view word;
  UnitStyle style;
};
constexpr std::array styles{
    Style{"auto", UnitStyle::automatic}, Style{"none", UnitStyle::none}, Style{"b", UnitStyle::b},
    Style{"kb", UnitStyle::kb},          Style{"mb", UnitStyle::mb},     Style{"gb", UnitStyle::gb},
    Style{"tb", UnitStyle::tb},          Style{"pb", UnitStyle::pb}};

/// How often 1024 goes into the unit.
std::optional<unsigned> power_of(std::string_view unit) {
  const std::string word = ascii::uppered(unit);
  if (word.empty() || word == "B" || word == "BYTES") return 0;
  const auto at = letters.find(word.front());
  const std::string_view rest = std::string_view(word).substr(1);
  if (at == std::string_view::npos || (!rest.empty() && rest != "B" && rest != "IB")) return std::nullopt;
  return static_cast<unsigned>(at) + 1;
}

/// The digits at the beginning of `text`, which lose them.
std::string_view take_digits(std::string_view& text) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto end = std::ranges::find_if_not(text, digit);
  const std::string_view digits(text.begin(), end);
  text.remove_prefix(digits.size());
  return digits;
}

__extension__ using Wide = unsigned __int128;  // room for 2^63 * 1024^5

}  // namespace

Result<UnitStyle> unit_style_from(std::string_view text) {
  const auto found = std::ranges::find(styles, text, &Style::word);
  if (found != styles.end()) return found->style;
  return fail(Kind::invalid,
              fmt::format("there is no unit style \"{}\"; write b, kb, mb, gb, tb, pb, auto or none", text));
}

Result<std::int64_t> quantity_from(std::string_view text) {
  const auto refused = [text](std::string_view what) {
    return fail(Kind::invalid, fmt::format("\"{}\" is {}; {}", text.substr(0, 80), what, allowed));
  };
  std::string_view rest = ascii::trimmed(text);
  if (ascii::uppered(rest) == "INF") return unlimited;
  const std::string_view whole = take_digits(rest);
  std::string_view fraction;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    fraction = take_digits(rest);
    if (fraction.empty()) return refused("no quantity");
  }
  const auto power = power_of(ascii::trimmed(rest));
  if (whole.empty() || !power) return refused("no quantity");
  constexpr std::size_t digits_max = 19;  // 2^63 has that many
  if (whole.size() > digits_max) return refused("too large");
  Wide value = 0;
  for (const char digit : whole) value = value * 10 + static_cast<unsigned>(digit - '0');
  value <<= 10 * *power;
  Wide parts = 0;
  Wide of = 1;
  for (const char digit : fraction.substr(0, digits_max)) {
    parts = parts * 10 + static_cast<unsigned>(digit - '0');
    of *= 10;
  }
  value += (parts << (10 * *power)) / of;
  if (value > static_cast<Wide>(unlimited)) return refused("too large");
  return static_cast<std::int64_t>(value);
}

std::string show_bytes(std::int64_t bytes, UnitStyle style) {
  if (style == UnitStyle::none) return std::to_string(bytes);
  if (bytes == unlimited) return "inf";
  const std::uint64_t amount = bytes < 0 ? 0 - static_cast<std::uint64_t>(bytes) : static_cast<std::uint64_t>(bytes);
  unsigned power = 0;
  if (style == UnitStyle::automatic) {
    while (power < letters.size() && amount >> (10 * (power + 1)) != 0) ++power;
  } else {
    power = static_cast<unsigned>(style) - static_cast<unsigned>(UnitStyle::b);
  }
  // In hundredths, rounded half up, without the detour over a floating point number.
  const Wide unit = Wide{1} << (10 * power);
  const auto hundredths = static_cast<std::uint64_t>((Wide{amount} * 100 + unit / 2) / unit);
  std::string number = fmt::format("{}{}.{:02}", bytes < 0 ? "-" : "", hundredths / 100, hundredths % 100);
  while (number.ends_with('0')) number.pop_back();
  if (number.ends_with('.')) number.pop_back();
  return power == 0 ? number + " B" : fmt::format("{} {}iB", number, letters[power - 1]);
}

std::string show_count(std::int64_t count, UnitStyle style) {
  return count == unlimited && style != UnitStyle::none ? "inf" : std::to_string(count);
}

}  // namespace nephele
