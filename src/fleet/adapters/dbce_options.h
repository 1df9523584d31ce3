// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "clouds/dbce/cloud.h"
#include "fleet/cloud.h"
#include "fleet/config.h"

namespace nephele::fleet {

/// What [space ...] says about an account of the Cloud Exchange (contract vcycle, 1.4).
struct DbceOptions {
  dbce::Account account = {};
  std::string platform = {}, network = {};
  bool public_ip = true;
  std::vector<std::string> flavors = {};                    ///< those that machinetypes of the space may have
  std::map<std::string, Flavor> sizes = {};                 ///< of flavors, as configured
  std::map<std::string, std::string> images = {};           ///< ids, by machinetype; empty: none can be made
  std::map<std::string, std::chrono::seconds> fizzle = {};  ///< by machinetype
};

/// Fails with `invalid` and what is to be written where.
Result<DbceOptions> dbce_options(const Space& space);
std::vector<settings::Key> dbce_option_keys();

/// The id of an image in root_image: "image:ID", or as Vcycle wrote it, "ID". Empty for a file or a URL.
std::string dbce_image(std::string_view root_image);

}  // namespace nephele::fleet
