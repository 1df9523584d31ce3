// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secret.h"
#include "base/settings/tree.h"
#include "base/units.h"

/// How a value of a settings tree becomes a field of a settings struct, and back to text for showing.
namespace nephele::settings {

/// What a row allows beyond the type of its field.
struct Allow {
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
  std::vector<std::string> words{};  ///< for texts: one of these
  std::string unit{};                ///< taken from the row; Bytes reads plain numbers in KiB, MiB or GiB by it
};

/// Each codec has decode (nothing when the value is not allowed), encode (for `config show`) and allowed ("a number
/// from 1 to 1024", which completes "write ...").
template <class T>
struct Codec;

namespace detail {
std::optional<std::int64_t> decode_integer(const Node& node, const Allow& allow);
std::optional<double> decode_real(const Node& node, const Allow& allow);
std::string allowed_integer(Allow allow);
std::optional<std::uint64_t> decode_bytes(const Node& node, const Allow& allow);
std::string encode_bytes(std::uint64_t bytes);
}  // namespace detail

template <>
struct Codec<bool> {
  static std::optional<bool> decode(const Node& node, const Allow& allow);
  static std::string encode(bool value) { return value ? "true" : "false"; }
  static std::string allowed(const Allow&) { return "true or false"; }
};

template <>
struct Codec<std::string> {
  static std::optional<std::string> decode(const Node& node, const Allow& allow);
  static std::string encode(const std::string& value) { return value; }
  static std::string allowed(const Allow& allow);
};

template <>
struct Codec<Secret> {
  static std::optional<Secret> decode(const Node& node, const Allow& allow) {
    auto text = Codec<std::string>::decode(node, allow);
    return text ? std::optional<Secret>(Secret(std::move(*text))) : std::nullopt;
  }
  static std::string encode(const Secret& value) { return value.empty() ? "" : "(hidden)"; }
  static std::string allowed(const Allow&) { return "a text"; }
};

template <std::integral T>
  requires(!std::same_as<T, bool>)
struct Codec<T> {
  static Allow narrowed(Allow allow) {
    if (std::cmp_greater(std::numeric_limits<T>::min(), allow.min)) allow.min = std::numeric_limits<T>::min();
    if (std::cmp_less(std::numeric_limits<T>::max(), allow.max))
      allow.max = static_cast<std::int64_t>(std::numeric_limits<T>::max());
    return allow;
  }
  static std::optional<T> decode(const Node& node, const Allow& allow) {
    const auto value = detail::decode_integer(node, narrowed(allow));
    return value ? std::optional<T>(static_cast<T>(*value)) : std::nullopt;
  }
  static std::string encode(T value) { return std::to_string(value); }
  static std::string allowed(Allow allow) {
    // The limits of a wide type mean nothing to a reader; those of a port do.
    if constexpr (sizeof(T) <= 2) allow = narrowed(allow);
    if constexpr (std::unsigned_integral<T>) allow.min = std::max<std::int64_t>(allow.min, 0);
    return detail::allowed_integer(std::move(allow));
  }
};

template <>
struct Codec<double> {
  static std::optional<double> decode(const Node& node, const Allow& allow) { return detail::decode_real(node, allow); }
  static std::string encode(double value);
  static std::string allowed(const Allow& allow);
};

/// A whole number of the duration's own unit.
template <class Rep, class Period>
struct Codec<std::chrono::duration<Rep, Period>> {
  using Span = std::chrono::duration<Rep, Period>;
  static std::optional<Span> decode(const Node& node, const Allow& allow) {
    const auto value = Codec<Rep>::decode(node, allow);
    return value ? std::optional<Span>(Span(*value)) : std::nullopt;
  }
  static std::string encode(Span value) { return std::to_string(value.count()); }
  static std::string allowed(const Allow& allow) { return detail::allowed_integer(allow); }
};

/// A number in the row's unit, or with a unit of its own: "512M", "2 GiB". Allow's limits are in the row's unit.
template <>
struct Codec<Bytes> {
  static std::optional<Bytes> decode(const Node& node, const Allow& allow) {
    const auto value = detail::decode_bytes(node, allow);
    return value ? std::optional<Bytes>(Bytes::of(*value)) : std::nullopt;
  }
  static std::string encode(Bytes value) { return detail::encode_bytes(value.count()); }
  static std::string allowed(const Allow& allow) { return detail::allowed_integer(allow) + ", or a size such as 512M"; }
};

/// A list of texts, or one text with blanks or commas between them.
template <>
struct Codec<std::vector<std::string>> {
  static std::optional<std::vector<std::string>> decode(const Node& node, const Allow& allow);
  static std::string encode(const std::vector<std::string>& value);
  static std::string allowed(const Allow& allow);
};

/// Nothing (None, an empty YAML value) is nothing.
template <class T>
struct Codec<std::optional<T>> {
  static std::optional<std::optional<T>> decode(const Node& node, const Allow& allow) {
    if (node.type() == Type::none) return std::optional<std::optional<T>>(std::in_place);
    auto value = Codec<T>::decode(node, allow);
    return value ? std::optional<std::optional<T>>(std::in_place, std::move(*value)) : std::nullopt;
  }
  static std::string encode(const std::optional<T>& value) { return value ? Codec<T>::encode(*value) : ""; }
  static std::string allowed(const Allow& allow) { return Codec<T>::allowed(allow); }
};

/// A whole subtree, for settings with a structure of their own (LOGGING_SETUP).
template <>
struct Codec<Node> {
  static std::optional<Node> decode(const Node& node, const Allow&) { return node; }
  static std::string encode(const Node& value) {
    return value.type() == Type::none ? "" : json::write(value.to_json());
  }
  static std::string allowed(const Allow&) { return "a table"; }
};

}  // namespace nephele::settings
