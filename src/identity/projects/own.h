// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/identity.h"
#include "identity/quota/quotas.h"
#include "sql/sql.h"

/// A user's own ("system") project, and what his account's sleep does to projects. In the transaction of whoever
/// changes the account, who holds its row.
namespace nephele::identity::projects {

/// Makes it, unless it is there: it has the uuid and the limits of its user, who is its one member, and becomes his
/// default where he has none.
Result<> open_own(sql::Tx& tx, const quota::Quotas& quotas, const Account& account, Time now);

/// The account is no longer active: his own project, his memberships, and the projects that he owns are suspended.
Result<> suspend_all_of(sql::Tx& tx, const quota::Quotas& quotas, const AccountId& account, Time now);
/// It is active again: what suspend_all_of() suspended goes on.
Result<> resume_all_of(sql::Tx& tx, const quota::Quotas& quotas, const AccountId& account, Time now);

}  // namespace nephele::identity::projects
