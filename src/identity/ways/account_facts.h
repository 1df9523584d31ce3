// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/ways/model.h"
#include "sql/sql.h"

/// What a module's word changes of an account: names, address, groups. Inside a transaction; what really changes stands
/// in the audit log, with the module as its actor.
namespace nephele::identity::ways {

struct Source {
  std::string module;
  Time now;
};

/// What the module says itself (Proof::forced) replaces what is stored; an address that another account has does not.
/// The account as it is then.
Account refresh(sql::Tx& tx, const AccountId& account, const Proof& proof, Time now);

/// Into groups of the default domain, which are made where they are missing. A name that no group can have is left out.
void join_groups(sql::Tx& tx, const AccountId& account, const std::vector<std::string>& names, const Source& source);
/// Into these and out of all others.
void mirror_groups(sql::Tx& tx, const AccountId& account, const std::vector<std::string>& names, const Source& source);

}  // namespace nephele::identity::ways
