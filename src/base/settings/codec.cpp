// SPDX-License-Identifier: Apache-2.0
#include "base/settings/codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/ascii.h"

namespace nephele::settings {

namespace {

template <class T>
std::optional<T> number_from(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  T value{};
  const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
  return value;
}

struct SizeUnit {
  std::string_view name;
  unsigned shift;
};
constexpr std::array size_units{SizeUnit{"", 0},     SizeUnit{"b", 0},    SizeUnit{"bytes", 0}, SizeUnit{"k", 10},
                                SizeUnit{"kb", 10},  SizeUnit{"kib", 10}, SizeUnit{"m", 20},    SizeUnit{"mb", 20},
                                SizeUnit{"mib", 20}, SizeUnit{"g", 30},   SizeUnit{"gb", 30},   SizeUnit{"gib", 30},
                                SizeUnit{"t", 40},   SizeUnit{"tb", 40},  SizeUnit{"tib", 40}};

std::optional<unsigned> shift_of(std::string_view unit) {
  const auto found = std::ranges::find(size_units, ascii::lowered(unit), &SizeUnit::name);
  return found == size_units.end() ? std::nullopt : std::optional(found->shift);
}

}  // namespace

namespace detail {

std::optional<std::int64_t> decode_integer(const Node& node, const Allow& allow) {
  std::optional<std::int64_t> value;
  if (const auto* integer = node.if_integer()) value = *integer;
  if (const auto* text = node.if_text()) value = number_from<std::int64_t>(ascii::trimmed(*text, ascii::spaces));
  if (!value || *value < allow.min || *value > allow.max) return std::nullopt;
  return value;
}

std::optional<double> decode_real(const Node& node, const Allow& allow) {
  std::optional<double> value;
  if (const auto* integer = node.if_integer()) value = static_cast<double>(*integer);
  if (const auto* real = node.if_real()) value = *real;
  if (const auto* text = node.if_text()) value = number_from<double>(ascii::trimmed(*text, ascii::spaces));
  const bool inside = value && std::isfinite(*value) && *value >= static_cast<double>(allow.min) &&
                      *value <= static_cast<double>(allow.max);
  return inside ? value : std::nullopt;
}

std::string allowed_integer(Allow allow) {
  const bool has_min = allow.min != std::numeric_limits<std::int64_t>::min();
  const bool has_max = allow.max != std::numeric_limits<std::int64_t>::max();
  const std::string number = allow.unit.empty() ? "a number" : "a number of " + allow.unit;
  if (has_min && has_max) return fmt::format("{} from {} to {}", number, allow.min, allow.max);
  if (has_min) return fmt::format("{}, at least {}", number, allow.min);
  if (has_max) return fmt::format("{}, at most {}", number, allow.max);
  return allow.unit.empty() ? "a whole number" : number;
}

std::optional<std::uint64_t> decode_bytes(const Node& node, const Allow& allow) {
  const unsigned row_shift = shift_of(allow.unit).value_or(0);
  unsigned shift = row_shift;
  std::optional<std::int64_t> value;
  if (const auto* integer = node.if_integer()) value = *integer;
  if (const auto* text = node.if_text()) {
    const std::string_view whole = ascii::trimmed(*text, ascii::spaces);
    const std::size_t digits = std::min(whole.find_first_not_of("0123456789"), whole.size());
    value = number_from<std::int64_t>(whole.substr(0, digits));
    if (digits < whole.size()) {
      const auto own = shift_of(ascii::trimmed(whole.substr(digits), ascii::spaces));
      if (!own) return std::nullopt;
      shift = *own;
    }
  }
  if (!value || *value < 0) return std::nullopt;
  const auto count = static_cast<std::uint64_t>(*value);
  if (count > (std::numeric_limits<std::uint64_t>::max() >> shift)) return std::nullopt;
  const std::uint64_t bytes = count << shift;
  const std::uint64_t in_row_unit = bytes >> row_shift;
  if (std::cmp_less(in_row_unit, allow.min) || std::cmp_greater(in_row_unit, allow.max)) return std::nullopt;
  return bytes;
}

std::string encode_bytes(std::uint64_t bytes) {
  for (const auto& [name, shift] : {SizeUnit{"GiB", 30}, SizeUnit{"MiB", 20}, SizeUnit{"KiB", 10}})
    if (bytes != 0 && (bytes & ((std::uint64_t{1} << shift) - 1)) == 0)
      return fmt::format("{} {}", bytes >> shift, name);
  return fmt::format("{} bytes", bytes);
}

}  // namespace detail

std::optional<bool> Codec<bool>::decode(const Node& node, const Allow&) {
  if (const auto* value = node.if_boolean()) return *value;
  if (const auto* value = node.if_integer(); value != nullptr && (*value == 0 || *value == 1)) return *value == 1;
  const auto* text = node.if_text();
  if (text == nullptr) return std::nullopt;
  const std::string word = ascii::lowered(ascii::trimmed(*text, ascii::spaces));
  if (word == "true" || word == "yes" || word == "on" || word == "1") return true;
  if (word == "false" || word == "no" || word == "off" || word == "0") return false;
  return std::nullopt;
}

std::optional<std::string> Codec<std::string>::decode(const Node& node, const Allow& allow) {
  std::string value;
  if (const auto* text = node.if_text()) {
    value = *text;
  } else if (const auto* integer = node.if_integer()) {
    value = std::to_string(*integer);
  } else {
    return std::nullopt;
  }
  if (value.find('\0') != std::string::npos) return std::nullopt;
  if (!allow.words.empty() && std::ranges::find(allow.words, value) == allow.words.end()) return std::nullopt;
  return value;
}

std::string Codec<std::string>::allowed(const Allow& allow) {
  if (!allow.words.empty()) return fmt::format("one of {}", fmt::join(allow.words, ", "));
  return allow.unit.empty() ? "a text" : fmt::format("a text ({})", allow.unit);
}

std::string Codec<double>::encode(double value) {
  return fmt::format("{}", value);
}

std::string Codec<double>::allowed(const Allow& allow) {
  const std::string whole = detail::allowed_integer(allow);
  return whole == "a whole number" ? "a number" : whole;
}

std::optional<std::vector<std::string>> Codec<std::vector<std::string>>::decode(const Node& node, const Allow& allow) {
  std::vector<std::string> out;
  if (const auto* text = node.if_text()) {
    constexpr std::string_view between = " \t\r\n,";
    std::string_view rest = *text;
    for (;;) {
      rest.remove_prefix(std::min(rest.find_first_not_of(between), rest.size()));
      if (rest.empty()) break;
      const std::size_t end = std::min(rest.find_first_of(between), rest.size());
      out.emplace_back(rest.substr(0, end));
      rest.remove_prefix(end);
    }
  } else if (const auto* list = node.if_list()) {
    for (const Node& item : *list) {
      auto value = Codec<std::string>::decode(item, {});
      if (!value) return std::nullopt;
      out.push_back(std::move(*value));
    }
  } else {
    return std::nullopt;
  }
  const bool known = std::ranges::all_of(out, [&allow](const std::string& word) {
    return word.find('\0') == std::string::npos &&
           (allow.words.empty() || std::ranges::find(allow.words, word) != allow.words.end());
  });
  return known ? std::optional(std::move(out)) : std::nullopt;
}

std::string Codec<std::vector<std::string>>::encode(const std::vector<std::string>& value) {
  return fmt::format("{}", fmt::join(value, ", "));
}

std::string Codec<std::vector<std::string>>::allowed(const Allow& allow) {
  return allow.words.empty() ? "a list of texts" : fmt::format("a list of {}", fmt::join(allow.words, ", "));
}

}  // namespace nephele::settings
