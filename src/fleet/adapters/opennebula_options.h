// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/secret.h"
#include "fleet/config.h"

namespace nephele::fleet {

/// What [space ...] says about an account on somebody's OpenNebula.
struct OpenNebulaOptions {
  std::string url = {};  ///< of oned: "https://one.example.org:2634/RPC2"
  std::string username = {};
  Secret password = {};
  std::string ca_file = {};
  std::vector<std::string> flavors = {};  ///< VM templates that machinetypes of the space are made of
};

/// Fails with `invalid` and what is to be written where.
Result<OpenNebulaOptions> opennebula_options(const Space& space);
std::vector<settings::Key> opennebula_option_keys();

}  // namespace nephele::fleet
