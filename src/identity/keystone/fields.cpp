// SPDX-License-Identifier: Apache-2.0
#include "identity/keystone/fields.h"

#include <algorithm>
#include <charconv>

namespace nephele::identity::keystone {

std::unexpected<Error> malformed(std::string sentence) {
  return fail(Kind::invalid, std::move(sentence));
}

Result<const json::Object*> object_in(const json::Object& from, const std::string& name) {
  const auto* value = from.find(name);
  if (value == nullptr || value->is_null()) return nullptr;
  const auto* object = value->if_object();
  if (object == nullptr) return malformed("\"" + name + "\" is an object");
  return object;
}

Result<std::optional<std::string>> maybe_text_in(const json::Object& from, const std::string& name) {
  const auto* value = from.find(name);
  if (value == nullptr) return std::optional<std::string>();
  if (value->is_null()) return std::optional<std::string>("");
  const auto* text = value->if_string();
  if (text == nullptr) return malformed("\"" + name + "\" is a text");
  return std::optional(*text);
}

Result<std::string> text_in(const json::Object& from, const std::string& name) {
  TRY(auto text, maybe_text_in(from, name));
  return std::move(text).value_or("");
}

Result<std::optional<bool>> flag_in(const json::Object& from, const std::string& name) {
  const auto* value = from.find(name);
  if (value == nullptr || value->is_null()) return std::optional<bool>();
  const auto* flag = value->if_bool();
  if (flag == nullptr) return malformed("\"" + name + "\" is true or false");
  return std::optional(*flag);
}

Result<std::optional<std::vector<std::string>>> texts_in(const json::Object& from, const std::string& name) {
  const auto* value = from.find(name);
  if (value == nullptr || value->is_null()) return std::optional<std::vector<std::string>>();
  const auto refuse = [&] { return malformed("\"" + name + "\" is a list of texts"); };
  if (value->if_array() == nullptr) return refuse();
  std::vector<std::string> texts;
  for (const auto& each : *value->if_array()) {
    if (each.if_string() == nullptr) return refuse();
    texts.push_back(*each.if_string());
  }
  return std::optional(std::move(texts));
}

namespace {

/// Reads from the front of `text`, and says no to what is not there.
class TimeText {
 public:
  explicit TimeText(std::string_view text) : text_(text) {}
  bool take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  /// Exactly that many digits.
  bool take(int& into, std::size_t digits) {
    const auto part = text_.substr(0, digits);
    const auto [end, ec] = std::from_chars(part.data(), part.data() + part.size(), into);
    if (part.size() != digits || part.front() == '-' || ec != std::errc{} || end != part.data() + digits) return false;
    text_.remove_prefix(digits);
    return true;
  }
  /// ".123456"; thousandths count.
  bool take_fraction(int& ms) {
    if (!take('.')) return true;
    const auto digits = std::min(text_.find_first_not_of("0123456789"), text_.size());
    if (digits == 0 || digits > 9) return false;
    for (std::size_t i = 0; i < 3; ++i) ms = ms * 10 + (i < digits ? text_[i] - '0' : 0);
    text_.remove_prefix(digits);
    return true;
  }
  /// Minutes ahead of UTC.
  bool take_zone(int& minutes) {
    if (text_.empty() || take('Z')) return true;
    const int sign = text_.front() == '-' ? -1 : 1;
    int hour = 0;
    int minute = 0;
    if (!(take('+') || take('-')) || !take(hour, 2)) return false;
    take(':');
    if (!take(minute, 2) || hour > 14 || minute > 59) return false;
    minutes = sign * (hour * 60 + minute);
    return true;
  }
  bool at_end() const { return text_.empty(); }

 private:
  std::string_view text_;
};

}  // namespace

std::optional<Time> time_from(std::string_view text) {
  using namespace std::chrono;
  TimeText from(text);
  int y = 0, mon = 0, d = 0, h = 0, min = 0, s = 0, ms = 0, zone = 0;
  const bool date = from.take(y, 4) && from.take('-') && from.take(mon, 2) && from.take('-') && from.take(d, 2);
  if (!date || !(from.take('T') || from.take(' '))) return std::nullopt;
  const bool clock = from.take(h, 2) && from.take(':') && from.take(min, 2) && from.take(':') && from.take(s, 2);
  if (!clock || h > 23 || min > 59 || s > 60) return std::nullopt;
  if (!from.take_fraction(ms) || !from.take_zone(zone) || !from.at_end()) return std::nullopt;
  const year_month_day day{year(y), month(static_cast<unsigned>(mon)), std::chrono::day(static_cast<unsigned>(d))};
  if (!day.ok()) return std::nullopt;
  return Time(sys_days(day)) + hours(h) + minutes(min) + seconds(s) + milliseconds(ms) - minutes(zone);
}

Result<json::Object> wrapped_in(std::string_view body, const std::string& name) {
  auto value = json::parse(body);
  // What is wrong with it might show a piece of a password.
  if (!value) return malformed("the body is no JSON, or deeper than 32 levels");
  auto* top = value->if_object();
  auto* inner = top == nullptr ? nullptr : top->find(name);
  if (inner == nullptr || inner->if_object() == nullptr)
    return malformed("the body is an object with \"" + name + "\"");
  return std::move(*inner->if_object());
}

}  // namespace nephele::identity::keystone
