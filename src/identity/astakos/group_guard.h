// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "identity/astakos/conventions.h"
#include "identity/astakos/identity_callers.h"

namespace nephele::identity::astakos {

/// Who calls, if he is an administrator of the cloud or in one of `groups`; else 403. An application credential never
/// is.
Task<Answer<KnownUser>> caller_in(const http::Request& request, IdentityCallers& callers,
                                  std::span<const std::string> groups);

}  // namespace nephele::identity::astakos
