// SPDX-License-Identifier: Apache-2.0
// Names of objects, and where they lie. A key is a path of components ("sensors/1/today"); on disk each inner component
// is a directory "NAME+" and the last one a file "NAME=", so that "a" and "a/b" can both exist.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace guest {

inline constexpr std::size_t key_bytes_max = 1024;
inline constexpr std::size_t component_bytes_max = 200;  ///< after escaping; a file name has room for 255

/// Why a key is refused, or nothing: UTF-8 without control characters, components not empty, "." or "..".
std::optional<std::string_view> key_fault(std::string_view key);

/// Path of a valid key below the store's folder: "sensors+/1+/today=".
std::string key_to_path(std::string_view key);

/// One component for the file system: what is no letter, digit, '-', '_' or inner '.' becomes %XX.
std::string escape_component(std::string_view component);
std::optional<std::string> unescape_component(std::string_view name);

}  // namespace guest
