// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

/// What a verb of `snf-manage` prints and filters by: values with a type.
namespace nephele::manage {

enum class Type : std::uint8_t { text, integer, boolean, time, list };

/// "a whole number", "a time such as 2026-03-01T12:00:00Z": completes "write ...".
std::string_view allowed(Type type) noexcept;

using Value = std::variant<std::monostate, std::string, std::int64_t, bool, Time, std::vector<std::string>>;

/// For people and CSV: nothing is "-", booleans are True and False, lists are joined with ", ".
std::string text_of(const Value& value);
/// Numbers, booleans and lists stay what they are; nothing is null.
json::Value json_of(const Value& value);

/// yes, true, t, 1, no, false, f, 0, in any case.
Result<bool> boolean_from(std::string_view text);
/// A date is its first moment; without a zone it is UTC.
Result<Time> time_from(std::string_view text);
/// What a person types, as a value of this type. A list is one of its items here. "None" is nothing.
Result<Value> value_from(Type type, std::string_view text);

/// Nothing when there is none.
template <class T>
Value optional_value(const std::optional<T>& value) {
  return value ? Value(*value) : Value();
}

}  // namespace nephele::manage
