// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/json.h"
#include "fleet/report.h"

namespace nephele::fleet {

enum class Glue : std::uint8_t { v2_0, v2_1 };

/// What a site's information system is told of a space (contract vcycle, 5.5).
json::Value glue_of(const SpaceReport& report, Glue version);

/// Whether it is such a document of this space, of whatever time.
bool is_glue_of(const json::Value& document, std::string_view space, Glue version);

}  // namespace nephele::fleet
