// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/settings.h"

namespace nephele::identity::rows {

using Rows = settings::Table<AstakosSettings>;

/// A field of a part of the settings, as a row wants it.
template <class Part, class T>
auto in(Part AstakosSettings::* part, T Part::* field) {
  return [part, field](AstakosSettings& settings) -> T& { return (settings.*part).*field; };
}

/// Adds the rows about mail, pages, the API, projects and the administration (settings_web.cpp).
void web(Rows& rows);

}  // namespace nephele::identity::rows
