// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "clouds/occi/account.h"
#include "fleet/cloud.h"
#include "fleet/config.h"

namespace nephele::fleet {

/// What [space ...] says about somebody's rights on a service of OCCI (contract vcycle, 1.4).
struct OcciOptions {
  occi::Account account = {};
  std::vector<std::string> flavors = {};     ///< those that machinetypes of the space may have
  std::map<std::string, Flavor> sizes = {};  ///< of flavors, as configured; they come before what the service tells
  std::string ca_folder = {};                ///< certificates of grid authorities, where the host has them
  std::string ca_bundle = {};                ///< made of them; not used beside a ca_file
};

/// Fails with `invalid` and what is to be written where.
Result<OcciOptions> occi_options(const Space& space);
std::vector<settings::Key> occi_option_keys();

}  // namespace nephele::fleet
