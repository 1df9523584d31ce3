// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "fleet/report.h"

namespace nephele::apps::vcycle {

/// The decisions of cycles as lines for people: "space: created vcycle-a-... (a): reason".
std::string decisions_text(const std::vector<fleet::SpaceReport>& reports);
std::string decisions_json(const std::vector<fleet::SpaceReport>& reports);
/// The name of this host, or what --host says.
std::string node_name(const std::string& given);

}  // namespace nephele::apps::vcycle
