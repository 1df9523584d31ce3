// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/secret.h"
#include "clouds/rest/link.h"

namespace nephele::occi {

/// Somebody's rights on a service of OCCI. The service itself says how it wants them: by Keystone, or by Basic.
struct Account {
  std::string url = {};  ///< "https://h:8787/occi1.1"
  std::string username = {};
  Secret password = {};
  std::string project = {};            ///< of those that Keystone offers it is tried first
  std::string domain = {"default"};    ///< of the user, for Keystone v3
  std::string identity_provider = {};  ///< of Keystone v3's OS-FEDERATION; empty: v2 with VOMS, or a password
  std::string protocol = {"mapped"};
  std::string token_file = {};  ///< holds an access token for that provider, read whenever one is needed

  rest::Settings link = {};  ///< with the file of a VOMS proxy as its certificate
};

}  // namespace nephele::occi
