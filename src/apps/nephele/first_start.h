// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "apps/nephele/foundation.h"
#include "compute/images.h"
#include "identity/identity.h"
#include "runtimes/flavours.h"

namespace nephele::apps {

enum class FirstStart : std::uint8_t { everything, images_and_flavours };

/// What a new installation needs to be used at once: the demo account (its `user:password` in DATA/demo-auth), the
/// shipped flavours, the guest's image. Each part is made only where it is missing, so a crash in between is harmless.
Task<Result<>> first_start(FirstStart first, Foundation& foundation, identity::Identity& identity,
                           runtimes::Flavours& flavours, compute::Images& images);

}  // namespace nephele::apps
