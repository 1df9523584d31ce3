// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/json.h"

namespace nephele::identity::astakos {

/// The answer of identity/v2.0/tokens, `{"access": {...}}`, as Astakos writes it in XML: token, user and catalog.
std::string access_xml(const json::Object& answer);

}  // namespace nephele::identity::astakos
