// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "apps/nephele/foundation.h"
#include "compute/images.h"
#include "identity/identity.h"
#include "runtimes/flavours.h"

namespace nephele::apps {

enum class FirstStart : std::uint8_t { with_account, without_account };

/// What a new installation needs to be used at once. Each part is made only where it is missing, so a crash in between
/// is harmless. Here: the demo account (its `user:password` in DATA/demo-auth) and the shipped flavours.
Task<Result<>> first_start(FirstStart first, Foundation& foundation, identity::Identity& identity,
                           runtimes::Flavours& flavours);
/// And where machines run: the guest's image.
Task<Result<>> register_image(Foundation& foundation, compute::Images& images);

}  // namespace nephele::apps
