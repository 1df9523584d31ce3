// SPDX-License-Identifier: Apache-2.0
#include "clouds/openstack/fields.h"

namespace nephele::openstack::fields {

namespace {

/// So many digits at the front of `text`, which go.
std::optional<int> digits(std::string_view& text, std::size_t count) noexcept {
  if (text.size() < count) return std::nullopt;
  int number = 0;
  for (const char c : text.substr(0, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  text.remove_prefix(count);
  return number;
}

bool skip(std::string_view& text, char c) noexcept {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

/// What is to be taken off for UTC: "Z", "", "+01:00", "-0330".
std::optional<std::chrono::minutes> zone(std::string_view text) noexcept {
  if (text.empty() || text == "Z") return std::chrono::minutes(0);
  const int sign = text.front() == '+' ? 1 : -1;
  if (text.front() != '+' && text.front() != '-') return std::nullopt;
  text.remove_prefix(1);
  const auto hours = digits(text, 2);
  skip(text, ':');
  const auto minutes = digits(text, 2);
  if (!hours || !minutes || !text.empty()) return std::nullopt;
  return sign * std::chrono::minutes(*hours * 60 + *minutes);
}

}  // namespace

std::string text(const json::Object& object, std::string_view name) {
  const auto* const value = object.find(name);
  const auto* const found = value == nullptr ? nullptr : value->if_string();
  return found == nullptr ? std::string() : *found;
}

std::optional<std::int64_t> integer(const json::Object& object, std::string_view name) {
  const auto* const value = object.find(name);
  return value == nullptr ? std::nullopt : value->integer();
}

bool flag(const json::Object& object, std::string_view name) {
  const auto* const value = object.find(name);
  const auto* const found = value == nullptr ? nullptr : value->if_bool();
  return found != nullptr && *found;
}

std::string id(const json::Object& object, std::string_view name) {
  if (const auto number = integer(object, name)) return std::to_string(*number);
  return text(object, name);
}

const json::Object* object(const json::Object& object, std::string_view name) {
  const auto* const value = object.find(name);
  return value == nullptr ? nullptr : value->if_object();
}

const json::Array* array(const json::Object& object, std::string_view name) {
  const auto* const value = object.find(name);
  return value == nullptr ? nullptr : value->if_array();
}

std::optional<std::chrono::sys_seconds> time_of(std::string_view text) noexcept {
  const auto year = digits(text, 4);
  if (!year || !skip(text, '-')) return std::nullopt;
  const auto month = digits(text, 2);
  if (!month || !skip(text, '-')) return std::nullopt;
  const auto day = digits(text, 2);
  if (!day || !(skip(text, 'T') || skip(text, ' '))) return std::nullopt;
  const auto hour = digits(text, 2);
  if (!hour || !skip(text, ':')) return std::nullopt;
  const auto minute = digits(text, 2);
  if (!minute || !skip(text, ':')) return std::nullopt;
  const auto second = digits(text, 2);
  if (!second) return std::nullopt;
  if (skip(text, '.'))
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') text.remove_prefix(1);
  const auto offset = zone(text);
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!offset || !date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second) - *offset;
}

std::optional<std::chrono::sys_seconds> time(const json::Object& object, std::string_view name) {
  return time_of(text(object, name));
}

}  // namespace nephele::openstack::fields
