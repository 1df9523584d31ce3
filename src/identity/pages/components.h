// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "identity/pages/settings.h"
#include "sql/sql.h"

namespace nephele::identity::pages {

/// A part of the cloud with pages of its own, as the overview and other parts' bars show it.
struct ShownComponent {
  std::string title;
  std::string url;
  std::string description;
  json::Object facts;  ///< what ASTAKOS_COMPONENTS_META says, with `name` and `url`
};
/// In the order that ASTAKOS_COMPONENTS_META gives, then by their registration.
std::vector<ShownComponent> shown_components(sql::Tx& tx, const WebSettings& settings);

}  // namespace nephele::identity::pages
