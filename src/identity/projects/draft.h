// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/json.h"
#include "identity/projects/model.h"

/// What somebody wants a project to be, as JSON: the body of an application, and what the database keeps of it.
namespace nephele::identity::projects {

/// Members that are absent or null are not wanted; unknown ones are left alone. Fails with `invalid`: a wrong type or
/// word. What the values may be is check()'s business.
Result<Draft> draft_from(const json::Object& body);

/// Every member, null where nothing is wanted.
json::Object to_json(const Draft& draft);

json::Object to_json(const Capacities& capacities);  ///< {"cyclades.vm": {"project_capacity": 9, "member_capacity": 3}}

}  // namespace nephele::identity::projects
