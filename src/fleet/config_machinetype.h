// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fleet/config_reader.h"

namespace nephele::fleet {

/// The machinetype that `section` describes, with what it has from its space and from [settings]. Nothing where a slip
/// keeps its machines from being made, which is then told among the problems.
std::optional<MachineType> machinetype_from(const std::string& name, const Sections::Section& section,
                                            const std::string& space_name, const Sections& all,
                                            const SectionReader<Space>& space, Configuration& into);

}  // namespace nephele::fleet
