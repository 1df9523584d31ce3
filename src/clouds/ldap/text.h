// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

/// Names of people inside filters and distinguished names, and bytes of a directory as text.
namespace nephele::ldap {

/// A value inside a search filter (RFC 4515): nothing of it is syntax, and nothing is longer than three times itself.
std::string escape_filter(std::string_view value);
/// An attribute value inside a distinguished name (RFC 4514).
std::string escape_dn(std::string_view value);

using Escape = std::string (*)(std::string_view);
/// `(uid=%(user)s)` with the user in it, escaped; `%%` is a percent sign. `invalid` for any other use of %.
Result<std::string> fill_in(std::string_view pattern, std::string_view user, Escape escape);

/// The usual text form of a GUID of Active Directory, whose first three parts are stored little end first; empty when
/// these are not 16 bytes.
std::string guid_text(std::string_view bytes);

bool same_name(std::string_view a, std::string_view b) noexcept;  ///< without the case of ASCII letters

}  // namespace nephele::ldap
