// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "apps/snf_manage/desk.h"
#include "manage/verb.h"

namespace nephele::apps {

/// service-export-astakos, -cyclades, -pithos; they need no database.
std::vector<manage::Verb> export_verbs(ManageDesk& desk);

}  // namespace nephele::apps
