// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/json.h"
#include "fleet/model.h"

/// Views whose JSON keys stand once: `each(view, visit)` calls visit(key, field) for each field of a view or a const
/// view, and the two classes here are the visitors that write and read.
namespace nephele::fleet {

template <class T, class View>
concept ViewOf = std::same_as<std::remove_const_t<T>, View>;

class MemberWriter {
 public:
  /// What is not there is null.
  template <class T>
  void operator()(std::string_view key, const T& field) {
    out_.append(std::string(key), value_of(field));
  }
  /// What is not there is left out.
  template <class T>
  void optional(std::string_view key, const std::optional<T>& field) {
    if (field) (*this)(key, *field);
  }
  /// An empty text is null.
  void text(std::string_view key, const std::string& field) {
    out_.append(std::string(key), field.empty() ? json::Value() : json::Value(field));
  }
  json::Value take() { return json::Value(std::move(out_)); }

 private:
  template <class T>
  static json::Value value_of(const T& field) {
    if constexpr (std::same_as<T, Instant>)
      return field.time_since_epoch().count();
    else if constexpr (std::same_as<T, State>)
      return to_string(field);
    else if constexpr (std::constructible_from<json::Value, const T&>)
      return field;
    else
      return written(field);
  }
  template <class T>
  static json::Value value_of(const std::optional<T>& field) {
    return field ? value_of(*field) : json::Value();
  }
  template <class T>
  static json::Value value_of(const std::vector<T>& fields) {
    json::Array out;
    for (const auto& field : fields) out.push_back(value_of(field));
    return out;
  }
  template <class View>
  static json::Value written(const View& view) {
    MemberWriter inner;
    each(view, inner);
    return inner.take();
  }

  json::Object out_;
};

/// A key that is missing, or whose value is something else, leaves its field as it is.
class MemberReader {
 public:
  explicit MemberReader(const json::Value& from) : from_(from) {}

  template <class T>
  void operator()(std::string_view key, T& field) const {
    if (const auto* value = from_.at_path({key})) take(*value, field);
  }
  template <class T>
  void optional(std::string_view key, std::optional<T>& field) const {
    (*this)(key, field);
  }
  void text(std::string_view key, std::string& field) const { (*this)(key, field); }

 private:
  /// False: the value is of another type.
  static bool take(const json::Value& value, std::string& field) {
    const auto* text = value.if_string();
    if (text != nullptr) field = *text;
    return text != nullptr;
  }
  static bool take(const json::Value& value, bool& field) {
    const auto* flag = value.if_bool();
    if (flag != nullptr) field = *flag;
    return flag != nullptr;
  }
  static bool take(const json::Value& value, std::int64_t& field) {
    const auto number = value.integer();
    field = number.value_or(field);
    return number.has_value();
  }
  static bool take(const json::Value& value, double& field) {
    const auto number = value.real();
    field = number.value_or(field);
    return number.has_value();
  }
  static bool take(const json::Value& value, Instant& field) {
    const auto when = value.integer();
    if (when) field = Instant{seconds{*when}};
    return when.has_value();
  }
  static bool take(const json::Value& value, State& field) {
    const auto* text = value.if_string();
    if (text != nullptr) field = state_from(*text);
    return text != nullptr;
  }
  template <class T>
  static bool take(const json::Value& value, std::optional<T>& field) {
    T inner{};
    if (take(value, inner)) field = std::move(inner);
    return true;
  }
  template <class T>
  static bool take(const json::Value& value, std::vector<T>& fields) {
    const auto* array = value.if_array();
    if (array == nullptr) return false;
    for (const auto& one : *array) {
      const MemberReader inner(one);
      each(fields.emplace_back(), inner);
    }
    return true;
  }

  const json::Value& from_;
};

}  // namespace nephele::fleet
