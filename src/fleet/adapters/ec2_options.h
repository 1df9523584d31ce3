// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "clouds/ec2/account.h"
#include "fleet/cloud.h"
#include "fleet/config.h"

namespace nephele::fleet {

/// What [space ...] says about an account of EC2, or of what speaks like it (contract vcycle, 1.4).
struct Ec2Options {
  ec2::Account account = {};
  std::vector<std::string> flavors = {};  ///< those that machinetypes of the space may have
  std::vector<std::string> security_groups = {};
  std::vector<std::string> subnets = {};     ///< each machine gets one of them
  std::map<std::string, Flavor> sizes = {};  ///< of flavors, as configured; they come before what EC2 tells
  bool tags_at_creation = false;             ///< else when a machine is first seen to run
};

/// Fails with `invalid` and what is to be written where.
Result<Ec2Options> ec2_options(const Space& space);
std::vector<settings::Key> ec2_option_keys();

}  // namespace nephele::fleet
