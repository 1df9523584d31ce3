// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "identity/settings.h"
#include "identity/ways/model.h"
#include "identity/ways/user_directory.h"

/// What an entry of a directory means for an account (contract astakos, 5.2). Pure rules.
namespace nephele::identity::ways {

/// All that the directory must be asked for.
std::vector<std::string> wanted_attributes(const LdapSettings& settings);
/// Fails with `invalid` when the entry lacks what an account cannot do without.
Result<Proof> ldap_proof(const DirectoryEntry& entry, const LdapSettings& settings);

/// Names that a directory takes for one and the same are one guesser's target: no case, no surplus blanks.
std::string guessed_name(std::string_view name);

}  // namespace nephele::identity::ways
