// SPDX-License-Identifier: Apache-2.0
#include "manage/value.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/ascii.h"

namespace nephele::manage {

namespace {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};

/// Takes exactly `digits` digits from the front.
bool take_number(std::string_view& text, std::size_t digits, int& value) {
  if (text.size() < digits) return false;
  const std::string_view head = text.substr(0, digits);
  const auto [stop, ec] = std::from_chars(head.data(), head.data() + head.size(), value);
  if (ec != std::errc{} || stop != head.data() + head.size() || head.front() == '-') return false;
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

struct Civil {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, millisecond = 0;
};

bool take_date(std::string_view& text, Civil& when) {
  return take_number(text, 4, when.year) && take(text, '-') && take_number(text, 2, when.month) && take(text, '-') &&
         take_number(text, 2, when.day);
}

bool take_clock(std::string_view& text, Civil& when) {
  if (!take_number(text, 2, when.hour) || !take(text, ':') || !take_number(text, 2, when.minute)) return false;
  if (!take(text, ':')) return true;
  if (!take_number(text, 2, when.second)) return false;
  if (!take(text, '.')) return true;
  int weight = 100;
  std::size_t digits = 0;
  for (int digit = 0; !text.empty() && take_number(text, 1, digit); ++digits, weight /= 10)
    when.millisecond += digit * weight;
  return digits > 0;
}

/// Z, +02:00 or nothing; in minutes.
std::optional<int> take_zone(std::string_view& text) {
  if (text.empty() || take(text, 'Z')) return 0;
  const bool west = text.front() == '-';
  if (!west && text.front() != '+') return std::nullopt;
  text.remove_prefix(1);
  int hours = 0;
  int minutes = 0;
  if (!take_number(text, 2, hours)) return std::nullopt;
  take(text, ':');
  if (!text.empty() && !take_number(text, 2, minutes)) return std::nullopt;
  return (west ? -1 : 1) * (hours * 60 + minutes);
}

}  // namespace

std::string_view allowed(Type type) noexcept {
  switch (type) {
    case Type::text:
      return "a text";
    case Type::integer:
      return "a whole number";
    case Type::boolean:
      return "yes, true, t, 1, no, false, f or 0";
    case Type::time:
      return "a time such as 2026-03-01 or 2026-03-01T12:00:00Z";
    case Type::list:
      return "one of its items";
  }
  return "a text";
}

std::string text_of(const Value& value) {
  return std::visit(
      Overloaded{[](std::monostate) { return std::string("-"); }, [](const std::string& text) { return text; },
                 [](std::int64_t number) { return std::to_string(number); },
                 [](bool yes) { return std::string(yes ? "True" : "False"); }, [](Time time) { return iso8601(time); },
                 [](const std::vector<std::string>& list) { return fmt::format("{}", fmt::join(list, ", ")); }},
      value);
}

json::Value json_of(const Value& value) {
  return std::visit(
      Overloaded{[](std::monostate) { return json::Value(); },
                 [](const std::string& text) { return json::Value(text); },
                 [](std::int64_t number) { return json::Value(number); }, [](bool yes) { return json::Value(yes); },
                 [](Time time) { return json::Value(iso8601(time)); },
                 [](const std::vector<std::string>& list) {
                   json::Array items;
                   for (const auto& item : list) items.emplace_back(item);
                   return json::Value(std::move(items));
                 }},
      value);
}

Result<bool> boolean_from(std::string_view text) {
  const std::string word = ascii::lowered(text);
  for (const std::string_view yes : {"yes", "true", "t", "1"})
    if (word == yes) return true;
  for (const std::string_view no : {"no", "false", "f", "0"})
    if (word == no) return false;
  return fail(Kind::invalid, fmt::format("\"{}\" is no boolean; write {}", text.substr(0, 80), allowed(Type::boolean)));
}

Result<Time> time_from(std::string_view text) {
  const auto refused = [text] {
    return fail(Kind::invalid, fmt::format("\"{}\" is no time; write {}", text.substr(0, 80), allowed(Type::time)));
  };
  std::string_view rest = text;
  Civil when;
  if (!take_date(rest, when)) return refused();
  if (!rest.empty() && ((!take(rest, 'T') && !take(rest, ' ')) || !take_clock(rest, when))) return refused();
  const auto zone = take_zone(rest);
  const std::chrono::year_month_day day{std::chrono::year{when.year},
                                        std::chrono::month{static_cast<unsigned>(when.month)},
                                        std::chrono::day{static_cast<unsigned>(when.day)}};
  if (!zone || !rest.empty() || !day.ok() || when.hour > 23 || when.minute > 59 || when.second > 59) return refused();
  return std::chrono::sys_days{day} + std::chrono::hours{when.hour} + std::chrono::minutes{when.minute - *zone} +
         std::chrono::seconds{when.second} + std::chrono::milliseconds{when.millisecond};
}

Result<Value> value_from(Type type, std::string_view text) {
  if (text == "None" && type != Type::text) return Value();
  switch (type) {
    case Type::integer: {
      std::int64_t number = 0;
      const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (ec == std::errc{} && stop == text.data() + text.size()) return Value(number);
      return fail(Kind::invalid, fmt::format("\"{}\" is no whole number", text.substr(0, 80)));
    }
    case Type::boolean: {
      TRY(const bool yes, boolean_from(text));
      return Value(yes);
    }
    case Type::time: {
      TRY(const Time time, time_from(text));
      return Value(time);
    }
    case Type::text:
    case Type::list:
      break;
  }
  return Value(std::string(text));
}

}  // namespace nephele::manage
