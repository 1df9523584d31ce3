// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

/// What Synnefo's components bring, as their service-export verbs print it and service-import reads it.
namespace nephele::identity::astakos {

/// "astakos", "cyclades", "pithos"; nothing for others. `base_url` is the component's.
std::optional<json::Object> exported_services(std::string_view component, std::string_view base_url);

}  // namespace nephele::identity::astakos
