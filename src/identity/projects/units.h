// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "identity/projects/store.h"
#include "identity/quota/model.h"

namespace nephele::identity::projects {

inline constexpr const char* client = "astakos";  ///< of our own commissions

/// So many units of applications that wait, in the account's own project.
inline void add_units(std::vector<quota::Provision>& provisions, const std::string& account, quota::Amount quantity) {
  const auto project = quota::project_ref(account);
  provisions.push_back({.key = {quota::user_ref(account), project, store::unit_resource}, .quantity = quantity});
  provisions.push_back({.key = {project, "", store::unit_resource}, .quantity = quantity});
}

}  // namespace nephele::identity::projects
