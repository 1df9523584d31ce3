// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

namespace nephele::ldap {

/// One spelling of a distinguished name, so that two can be compared: blanks and escapes as libldap writes them,
/// without the case of ASCII letters (as almost all attributes in names are compared). Nothing when it is none.
std::optional<std::string> normal_dn(const std::string& dn);

/// The same name, as far as text can tell.
bool same_dn(const std::string& a, const std::string& b);

}  // namespace nephele::ldap
