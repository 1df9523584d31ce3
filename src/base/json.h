// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

/// JSON that keeps what the caller wrote: members in their order, numbers as text. Duplicate names are refused.
/// Parsing is Boost.JSON's strict SAX parser (RFC 8259, UTF-8 checked) underneath, in json.cpp only.
namespace nephele::json {

class Value;
using Member = std::pair<std::string, Value>;
using Array = std::vector<Value>;

/// Members in the order in which they were written or set. Look-up is linear: these are small documents.
class Object {
 public:
  const Value* find(std::string_view name) const noexcept;
  Value* find(std::string_view name) noexcept;
  /// Replaces the member in its place, or adds it at the end.
  Value& set(std::string name, Value value);
  /// Adds at the end without looking; the caller knows that the name is new.
  Value& append(std::string name, Value value);
  void erase(std::string_view name);
  bool contains(std::string_view name) const noexcept { return find(name) != nullptr; }
  bool empty() const noexcept;
  std::size_t size() const noexcept;
  std::vector<Member>::const_iterator begin() const noexcept;
  std::vector<Member>::const_iterator end() const noexcept;
  std::vector<Member>::iterator begin() noexcept;
  std::vector<Member>::iterator end() noexcept;
  /// Same members in the same order.
  friend bool operator==(const Object& a, const Object& b);

 private:
  std::vector<Member> members_;
};

/// A number as it was written: `1`, `1.0`, `1e400` stay what they are.
struct Number {
  std::string text;
  friend bool operator==(const Number&, const Number&) = default;
};

enum class Type : std::uint8_t { null, boolean, number, string, array, object };

class Value {
 public:
  Value() = default;                        ///< null
  Value(std::nullptr_t) {}                  // NOLINT(google-explicit-constructor): literals read as JSON
  Value(bool v) : data_(v) {}               // NOLINT(google-explicit-constructor)
  Value(Number v) : data_(std::move(v)) {}  // NOLINT(google-explicit-constructor)
  Value(std::int64_t v) : data_(Number{std::to_string(v)}) {}      // NOLINT(google-explicit-constructor)
  Value(int v) : Value(static_cast<std::int64_t>(v)) {}            // NOLINT(google-explicit-constructor)
  Value(std::uint32_t v) : Value(static_cast<std::int64_t>(v)) {}  // NOLINT(google-explicit-constructor)
  Value(std::uint64_t v) : data_(Number{std::to_string(v)}) {}     // NOLINT(google-explicit-constructor)
  Value(double v);  // NOLINT(google-explicit-constructor): shortest form that reads back; 2.0 keeps its point
  Value(std::string v) : data_(std::move(v)) {}         // NOLINT(google-explicit-constructor)
  Value(std::string_view v) : data_(std::string(v)) {}  // NOLINT(google-explicit-constructor)
  Value(const char* v) : data_(std::string(v)) {}       // NOLINT(google-explicit-constructor)
  Value(Array v) : data_(std::move(v)) {}               // NOLINT(google-explicit-constructor)
  Value(Object v) : data_(std::move(v)) {}              // NOLINT(google-explicit-constructor)

  Type type() const noexcept { return static_cast<Type>(data_.index()); }
  bool is_null() const noexcept { return type() == Type::null; }
  const bool* if_bool() const noexcept { return std::get_if<bool>(&data_); }
  const Number* if_number() const noexcept { return std::get_if<Number>(&data_); }
  const std::string* if_string() const noexcept { return std::get_if<std::string>(&data_); }
  const Array* if_array() const noexcept { return std::get_if<Array>(&data_); }
  Array* if_array() noexcept { return std::get_if<Array>(&data_); }
  const Object* if_object() const noexcept { return std::get_if<Object>(&data_); }
  Object* if_object() noexcept { return std::get_if<Object>(&data_); }

  /// The number if it is written as an integer (no point, no exponent) and fits.
  std::optional<std::int64_t> integer() const noexcept;
  /// The number as a double; nothing for other types and for what does not fit.
  std::optional<double> real() const noexcept;

  /// Walks object members by name; null pointer when one is missing. `at_path({"return", "status"})`.
  const Value* at_path(std::initializer_list<std::string_view> names) const noexcept;
  /// The string at a path, or an empty view.
  std::string_view text_at(std::initializer_list<std::string_view> names) const noexcept;

  friend bool operator==(const Value&, const Value&) = default;

 private:
  std::variant<std::monostate, bool, Number, std::string, Array, Object> data_;
};

// Only here is Value complete, which the vector's members need.
inline bool Object::empty() const noexcept {
  return members_.empty();
}
inline std::size_t Object::size() const noexcept {
  return members_.size();
}
inline std::vector<Member>::const_iterator Object::begin() const noexcept {
  return members_.begin();
}
inline std::vector<Member>::const_iterator Object::end() const noexcept {
  return members_.end();
}
inline std::vector<Member>::iterator Object::begin() noexcept {
  return members_.begin();
}
inline std::vector<Member>::iterator Object::end() noexcept {
  return members_.end();
}

struct Limits {
  std::size_t depth = 32;
};

/// Fails with `invalid` and a sentence that names the offset and what was found there.
Result<Value> parse(std::string_view text, Limits limits = {});

/// Compact: no spaces.
std::string write(const Value& value);
void write_to(const Value& value, std::string& out);
/// Two spaces of indentation, as `JSON.pretty_generate` of the guides prints it: an empty object takes two lines and
/// an empty array three (Ruby's json before 2.8).
std::string pretty(const Value& value);
/// A JSON string literal with its quotes. Bytes that are not UTF-8 become U+FFFD, so the output is always JSON.
void quote_to(std::string_view text, std::string& out);

}  // namespace nephele::json
