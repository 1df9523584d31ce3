// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

/// Names that become parts of paths. What our machines are called: "vcycle-TYPE-" and ten letters or digits that are
/// drawn.
namespace nephele::fleet {

inline constexpr std::string_view machine_prefix = "vcycle-";
inline constexpr std::size_t machine_name_drawn = 10;

/// Made of what names of ours are made of: no path, no blank.
constexpr bool is_plain_name(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_';
  });
}

/// Of a joboutput: 1 to 128 of A-Z a-z 0-9 . _ -, not beginning with a dot.
constexpr bool is_file_name(std::string_view name) noexcept {
  constexpr std::size_t longest = 128;
  return !name.empty() && name.size() <= longest && name.front() != '.' && is_plain_name(name);
}

/// Is it a name that we may have given, this release or another one? Others in the project may call their machines
/// whatever they like, "vcycle-/../x" too, and names become paths here.
constexpr bool is_machine_name(std::string_view name) noexcept {
  constexpr std::size_t longest = 128;
  return name.starts_with(machine_prefix) && name.size() <= longest && is_plain_name(name);
}

/// "a" of "vcycle-a-0123456789"; empty when it is no such name.
inline std::string machinetype_in(std::string_view name) {
  if (!is_machine_name(name) || name.size() < machine_prefix.size() + 2 + machine_name_drawn) return {};
  const auto hyphen = name.size() - machine_name_drawn - 1;
  return std::string(name[hyphen] == '-' ? name.substr(machine_prefix.size(), hyphen - machine_prefix.size()) : "");
}

}  // namespace nephele::fleet
