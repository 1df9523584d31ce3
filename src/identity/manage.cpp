// SPDX-License-Identifier: Apache-2.0
#include "identity/manage.h"

#include <algorithm>
#include <iterator>

#include "identity/verbs/verbs.h"

namespace nephele::identity {

std::vector<manage::Verb> manage_verbs(Desk& desk) {
  std::vector<manage::Verb> all;
  for (const auto part :
       {verbs::user_verbs, verbs::user_modify_verbs, verbs::group_verbs, verbs::policy_verbs, verbs::quota_verbs,
        verbs::commission_verbs, verbs::component_verbs, verbs::service_verbs, verbs::upkeep_verbs,
        verbs::project_verbs, verbs::project_control_verbs, verbs::reconcile_verbs, verbs::oauth2_verbs})
    std::ranges::move(part(desk), std::back_inserter(all));
  return all;
}

}  // namespace nephele::identity
