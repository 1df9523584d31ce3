// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "fleet/config_sections.h"

/// [settings]: of the factory, and for all spaces.
namespace nephele::fleet {

/// These may stand in [settings] for all spaces; total_machines for the default one.
inline constexpr std::array<std::string_view, 7> inherited_by_spaces{
    "gocdb_sitename", "accounting_user", "vacmon_hostport", "shutdown_time",
    "draining",       "total_machines",  "write_glue"};

/// What cannot be read goes into `problems`, and the rest holds: a slip in one line opens nothing that another one
/// shuts.
FactorySettings factory_from(const Sections::Section& section, std::vector<Problem>& problems);

/// What nobody looks at there. Where [settings] describes a space, that space's own reader warns of the rest; what
/// [DEFAULT] says is for whoever knows it.
void warn_of_unknown_settings(const Sections& sections, std::vector<std::string>& warnings);

}  // namespace nephele::fleet
