// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "clouds/occi/model.h"
#include "clouds/rest/link.h"

/// What a service of OCCI 1.1 or 1.2 answers, in any of its renderings (fields.h, json_rendering.h), to model.h. Errors
/// are `invalid` and say where reading ended.
namespace nephele::occi {

Result<std::vector<Category>> decode_categories(const rest::Answer& answer);
/// The machines of a collection; those that only a URL tells of are not told_whole.
Result<std::vector<Compute>> decode_collection(const rest::Answer& answer);
Result<Compute> decode_compute(const rest::Answer& answer);
/// The id of what has just been made.
Result<std::string> decode_created(const rest::Answer& answer);

}  // namespace nephele::occi
