// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "clouds/openstack/account.h"
#include "fleet/config.h"

namespace nephele::fleet {

/// What [space ...] says about a project on an OpenStack (contract vcycle, 1.4).
struct OpenStackOptions {
  openstack::Account account = {};
  std::string space = {};  ///< whose machines and volumes are ours
  std::vector<std::string> security_groups = {};
  bool volumes = false;  ///< machines boot from volumes of their own
  /// A volume of ours without a server is one that somebody is about to use; after this long nobody is.
  std::chrono::minutes volume_grace{15};
  std::string network_uuid = {};  ///< empty: the cloud chooses
};

/// Fails with `invalid` and what is to be written where.
Result<OpenStackOptions> openstack_options(const Space& space);
std::vector<settings::Key> openstack_option_keys();

}  // namespace nephele::fleet
