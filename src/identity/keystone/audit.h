// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "identity/keystone/desk.h"

/// What the API changes stands in the audit log, in the transaction that changes it. Names and ids, never a secret.
namespace nephele::identity::keystone {

/// `about`: the account that it happens to; empty: none.
void note(sql::Tx& tx, const Desk& desk, const Standing& caller, std::string event, std::string details,
          const AccountId& about = {});

/// " (description, enabled=False)": what a body changes. Of most members only the name.
std::string members_of(const json::Object& body);

/// "role ROLE for user ID in project ID"
std::string words_of(const Assignment& assignment);

}  // namespace nephele::identity::keystone
