// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "fleet/config.h"
#include "fleet/files.h"

namespace nephele::fleet {

/// Files with passwords, keys or tokens in them that everybody on this host can read: sentences for the operator.
/// Configuration files in which such an option stands, and files that options name. A group is given on purpose.
std::vector<std::string> readable_secrets(const Files& files, const Configuration& config);

}  // namespace nephele::fleet
