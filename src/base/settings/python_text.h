// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/settings/codec.h"

/// Values as `NAME = literal` files write them, for sample files.
namespace nephele::settings {

/// A text in double quotes, escaped.
std::string python_text(std::string_view text);
std::string python_node(const Node& node);

template <class T>
struct IsDuration : std::false_type {};
template <class R, class P>
struct IsDuration<std::chrono::duration<R, P>> : std::true_type {};

/// Types with a structure of their own encode themselves as Python.
template <class T>
std::string python_of(const T& value) {
  if constexpr (std::same_as<T, bool>) {
    return value ? "True" : "False";
  } else if constexpr (std::integral<T>) {
    return std::to_string(value);
  } else if constexpr (IsDuration<T>::value) {
    return std::to_string(value.count());
  } else if constexpr (std::same_as<T, std::string>) {
    return python_text(value);
  } else if constexpr (std::same_as<T, Secret>) {
    return "\"\"";  // whatever it is
  } else if constexpr (std::same_as<T, Node>) {
    return python_node(value);
  } else if constexpr (std::same_as<T, std::vector<std::string>>) {
    std::string out;
    for (const std::string& item : value) out += (out.empty() ? "" : ", ") + python_text(item);
    return "[" + out + "]";
  } else {
    return Codec<T>::encode(value);
  }
}

template <class T>
std::string python_of(const std::optional<T>& value) {
  return value ? python_of(*value) : "None";
}

}  // namespace nephele::settings
