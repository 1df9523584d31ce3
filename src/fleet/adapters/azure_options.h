// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "clouds/azure/account.h"
#include "fleet/cloud.h"
#include "fleet/config.h"

namespace nephele::fleet {

/// What [space ...] says about a resource group on Azure (contract vcycle, 1.4: what of Vcycle's options still has a
/// meaning there).
inline constexpr std::size_t azure_name_max = 64;  ///< of machines that run Linux

struct AzureOptions {
  azure::Account account = {};
  std::vector<std::string> flavors = {};  ///< sizes that machinetypes of the space may have
  std::vector<std::string> subnets = {};  ///< ids; each machine is in one of them
  std::string security_group = {};        ///< its id; empty: none
  std::string disk_type = {"StandardSSD_LRS"};
  bool public_addresses = false;
  std::string user = {"vcycle"};  ///< of a machine, whom root_public_key lets in
  Secret password = {};           ///< his; empty: nobody gets in by one
};

/// Fails with `invalid` and what is to be written where.
Result<AzureOptions> azure_options(const Space& space);
std::vector<settings::Key> azure_option_keys();

/// "/subscriptions/S/resourceGroups/G/providers/KIND/NAME"
std::string azure_id(const azure::Account& account, const std::string& kind, const std::string& name);

}  // namespace nephele::fleet
