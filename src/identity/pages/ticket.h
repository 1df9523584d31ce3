// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/secret.h"
#include "identity/model.h"

namespace nephele::identity::pages {

/// Names an account in an address without telling which: who has it was shown it by us, within a day.
std::string new_ticket(const SecretKey& key, const AccountId& account, Time now);
/// Nothing: not ours, or too old.
std::optional<AccountId> ticket_account(const SecretKey& key, std::string ticket, Time now);

}  // namespace nephele::identity::pages
