// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/async.h"
#include "clouds/occi/account.h"
#include "clouds/rest/link.h"

namespace nephele::occi {

/// What a request shows: a field of its header, or nothing where the certificate of the connection is enough.
struct Pass {
  std::string field = {};  ///< "X-Auth-Token", "Authorization"
  Secret value = {};
};

/// Asks the service how it wants to know us, and does that. The account and the link outlive the call.
Task<Result<Pass>> sign_in(const Account& account, rest::Link& link, SteadyTime deadline);

}  // namespace nephele::occi
