// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fleet/files.h"
#include "fleet/vac_messages.h"

namespace nephele::apps::vcycle {

/// Of this host now. What cannot be found out is 0.
fleet::HostFacts host_facts(const fleet::Files& files);
/// "Vcycle 1.2.3 vcycled": as VacMon and VacQuery know programs.
std::string program_name(const char* program);

}  // namespace nephele::apps::vcycle
