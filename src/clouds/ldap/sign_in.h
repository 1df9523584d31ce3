// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "clouds/ldap/connection.h"

namespace nephele::ldap {

/// One sign-in from the connection to the groups, blocking. The user and the password are not empty.
Result<Entry> sign_in(const Settings& settings, const std::string& user, const Secret& password, const Limit& limit);

/// Those that the entry is in, by what Groups says; with `nested` also those of these.
Result<std::vector<Group>> groups_of(Connection& connection, const Groups& groups, const Entry& entry,
                                     const std::string& user);

}  // namespace nephele::ldap
