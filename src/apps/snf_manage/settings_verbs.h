// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "apps/snf_manage/desk.h"
#include "manage/verb.h"

namespace nephele::apps {

/// Verbs about the settings themselves; they need no database.
std::vector<manage::Verb> settings_verbs(ManageDesk& desk);

}  // namespace nephele::apps
