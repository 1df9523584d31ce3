// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "http/message.h"

namespace nephele::occi {

/// Of WWW-Authenticate: how the service wants to know who asks.
struct Challenge {
  std::string keystone = {};  ///< its address, without a version
  bool v3 = false;            ///< the address named it
  bool basic = false;
};
Challenge challenge_of(const http::Headers& headers);

}  // namespace nephele::occi
