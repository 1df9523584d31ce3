// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "fleet/config.h"
#include "fleet/files.h"

namespace nephele::fleet {

/// Whether the options of a space make sense to its kind of cloud; nobody is called. Clouds that this release has no
/// way to have none.
Result<> check_cloud_options(const Space& space);

/// Where the files are that options of clouds name: absolute paths below the root, others in the space's folder,
/// /var/lib/vcycle/spaces/SPACE. Once, after the reading.
void place_files(const Files& files, Configuration& config);

/// Addresses of a space that keys, passwords or tokens would be sent to in the clear: sentences for the operator.
std::vector<std::string> secrets_in_the_clear(const Space& space);

/// What the reader of a kind of cloud looks at in a space; cloud_options() says the same of all kinds.
std::vector<settings::Key> cloud_option_keys(std::string_view api);

}  // namespace nephele::fleet
