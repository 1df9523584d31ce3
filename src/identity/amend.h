// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/identity.h"
#include "sql/sql.h"

/// What all who change an account have in common, in the transaction of whoever does: Identity itself, the pages, a
/// module that says who its users are.
namespace nephele::identity {

/// `before` is what store::find_to_change() has just found. Who signs in by his address does so by a new one too,
/// unless a name is given as well; links that went to the old address are dead. Password and `enabled` stay as they
/// are. Fails as Identity::change(), and has changed nothing then.
Result<Account> amended(sql::Tx& tx, Account before, AccountChange change, Time now);
/// A row of the audit log about it, if there is an actor. Of a password only that there is a new one.
void note_change(sql::Tx& tx, const Account& after, const AccountChange& change);

}  // namespace nephele::identity
