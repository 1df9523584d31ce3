// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"

namespace nephele::identity::pages {

/// What is wrong with a password that somebody chooses for himself, as a sentence for him. `about`: what others know of
/// him (address, name), which is no secret either.
std::optional<std::string> weakness(const Secret& password, const std::vector<std::string>& about);

}  // namespace nephele::identity::pages
