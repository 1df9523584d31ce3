// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/model.h"
#include "identity/quota/quotas.h"
#include "sql/sql.h"

namespace nephele::identity::projects {

/// Before an account goes for good: what waits of its applications ends, and what waits for projects that never began
/// and were to be its own; each gives its unit back. A project that never began goes with its application. Under the
/// lock of the account's row; takes those of all its projects.
Result<> end_applications(sql::Tx& tx, quota::Quotas& quotas, const AccountId& account, Time now);

}  // namespace nephele::identity::projects
