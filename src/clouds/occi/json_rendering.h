// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "clouds/occi/model.h"

/// application/occi+json to model.h. Errors are `invalid` and say where reading ended.
namespace nephele::occi {

/// Of {"kinds": [...], "mixins": [...], "actions": [...]}.
Result<std::vector<Category>> categories_in(const json::Value& tree);
/// Of an array or {"resources": [...]}, of machines or of URLs.
Result<std::vector<Compute>> collection_in(const json::Value& tree);
/// A machine stands alone, or is the one resource of a collection.
Result<Compute> compute_in(const json::Value& tree);

}  // namespace nephele::occi
