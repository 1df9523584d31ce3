// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "clouds/occi/model.h"

namespace nephele::occi {

/// The body, in text/plain, of the request for a machine. `all` is what the service knows: it says which mixins for
/// user data and keys there are. Fails with `invalid` where one is missing.
Result<std::string> encode_compute(const NewCompute& wanted, const std::vector<Category>& all, const std::string& uuid);

}  // namespace nephele::occi
