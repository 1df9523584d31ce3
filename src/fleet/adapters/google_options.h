// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "clouds/google/account.h"
#include "fleet/cloud.h"
#include "fleet/config.h"

namespace nephele::fleet {

/// What [space ...] says about a project on Google Compute Engine (contract vcycle, 1.4).
inline constexpr std::size_t google_name_max = 63;  ///< of instances and of labels' values

struct GoogleOptions {
  google::Account account = {};
  std::vector<std::string> flavors = {};  ///< those that machinetypes of the space may have
  std::vector<std::string> zones = {};    ///< one at least
  std::string network = {"global/networks/default"};
  std::vector<std::string> subnets = {};  ///< each machine gets one of them
  std::string disk_type = {};
  bool public_addresses = true;
  std::string space_label = {};  ///< the label by which machines of the space are known
  bool has_limit = true;         ///< processors_limit is written down
};

/// Fails with `invalid` and what is to be written where. Reads key_file.
Result<GoogleOptions> google_options(const Space& space);
std::vector<settings::Key> google_option_keys();

/// What of a space's name can stand in a label, where dots cannot; names have no underscores, so it can be read back.
std::string google_label_of(std::string name);
std::string name_of_google_label(std::string label);

}  // namespace nephele::fleet
