// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"

namespace nephele::fleet {

/// The certificates of grid authorities (FOLDER/*.pem) in one file, for clients that want one: made anew, all or
/// nothing, when any of them or the folder is newer than it (contract vcycle, 3.3). Does nothing where there is no such
/// folder.
Result<> refresh_ca_bundle(const std::string& folder, const std::string& bundle);

}  // namespace nephele::fleet
