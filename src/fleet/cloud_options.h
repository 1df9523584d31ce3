// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace nephele::fleet {

/// An option of [space ...] that does something on some kinds of clouds: what their readers know
/// (fleet/adapters/*_options.cpp), and of space_table() what not all of them have (CloudAbilities).
struct CloudOption {
  std::string_view name;
  std::string_view apis;    ///< which kinds, with blanks between them; empty: it may stand in any space
  bool is_address = false;  ///< a URL that keys, passwords or tokens are sent to
  bool is_file = false;     ///< names a file

  bool is_known_to(std::string_view api) const noexcept;
};
std::span<const CloudOption> cloud_options() noexcept;
/// Null: it is none.
const CloudOption* cloud_option(std::string_view name) noexcept;

}  // namespace nephele::fleet
