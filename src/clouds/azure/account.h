// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "base/secret.h"

namespace nephele::azure {

/// A resource group of a subscription to Azure, and the application that works in it.
struct Account {
  std::string subscription = {};    ///< a UUID
  std::string resource_group = {};  ///< its name
  std::string location = {};        ///< "westeurope"
  std::string tenant = {};          ///< of the application: a UUID or a domain
  std::string client_id = {};
  Secret client_secret = {};
  std::string login_url = {"https://login.microsoftonline.com"};  ///< without a slash at its end
  std::string url = {"https://management.azure.com"};             ///< of Azure Resource Manager, without such a slash

  std::chrono::milliseconds timeout{30'000};
  int repeats_max = 2;
  std::chrono::milliseconds first_pause{500};
  std::string ca_file = {};  ///< empty: the system's
};

}  // namespace nephele::azure
