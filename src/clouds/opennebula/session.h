// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/async.h"
#include "base/secret.h"

namespace nephele::opennebula {

/// Whose rights a call uses, and how long he waits. OpenNebula has no sessions: every call carries user and password
/// (or a login token in its place) and is judged anew.
struct Session {
  std::string user;
  Secret password;
  SteadyTime deadline = SteadyTime::max();  ///< of everything done for him; a single call has its own limit besides
};

}  // namespace nephele::opennebula
