// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "fleet/config.h"

namespace nephele::fleet {

/// Whether the options of a space make sense to its kind of cloud; nobody is called. Clouds that this release has no
/// way to have none.
Result<> check_cloud_options(const Space& space);

}  // namespace nephele::fleet
