// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/life/rules.h"
#include "identity/model.h"
#include "sql/sql.h"

namespace nephele::identity::quota {
class Quotas;
}

/// All that an account's becoming active, or inactive, consists of, whoever's word it is. In the transaction of who
/// holds the account's row. All but turn() leave it to the caller to write `life` down.
namespace nephele::identity::life {

/// Accepted by `policy` and active, with a project of its own.
Result<> admit(sql::Tx& tx, const quota::Quotas& quotas, const Account& account, Life& life, std::string policy,
               Time now);
/// Active again: what slept with it goes on.
Result<> wake(sql::Tx& tx, const quota::Quotas& quotas, const AccountId& account, Life& life, Time now);
/// Not active any more: its projects and memberships sleep, tokens and sessions end.
Result<> put_to_sleep(sql::Tx& tx, const quota::Quotas& quotas, const AccountId& account, Life& life,
                      std::string reason, Time now);

/// Who may administer all accounts says that this one is on or off. Its address counts as proved then and it as
/// accepted, where it was not; else the next who signs up with the address would take its place.
Result<> turn(sql::Tx& tx, const quota::Quotas& quotas, const Account& account, bool on, Time now);

}  // namespace nephele::identity::life
