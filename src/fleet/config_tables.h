// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "fleet/config.h"

namespace nephele::fleet {

/// The rows of each kind of section. Names that are not fixed (user_data_option_*) are read beside them.
const settings::Table<FactorySettings>& factory_table();
const settings::Table<Space>& space_table();
const settings::Table<MachineType>& machinetype_table();

/// An option of old that wins over its new name when both are there, as the original had it.
struct Renamed {
  std::string_view old;
  std::string_view now;
  bool yields = false;  ///< the new name wins
};
std::span<const Renamed> renamed_in(std::string_view section) noexcept;

/// Of these a value that cannot be read is passed over with a warning, as sites may have lived with it for years.
bool is_lenient(std::string_view option) noexcept;

/// These only "true" switches on (contract vcycle, 1.5): yes, on and 1 have meant no since the original.
bool needs_true(std::string_view option) noexcept;

/// Options that did something once.
std::span<const settings::Obsolete> obsolete_options();

}  // namespace nephele::fleet
