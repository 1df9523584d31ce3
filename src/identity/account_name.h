// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

/// What an account may be called and what a password must be. Pure rules.
namespace nephele::identity {

inline constexpr std::size_t name_bytes_max = 128;
inline constexpr std::size_t password_bytes_min = 8;
inline constexpr std::size_t password_bytes_max = 1024;

/// Fails with `invalid`: empty, over name_bytes_max, not UTF-8, a control character, or a colon (HTTP Basic ends the
/// name at the first one: RFC 7617, section 2).
Result<> check_name(std::string_view name);

/// Fails with `invalid`: under password_bytes_min or over password_bytes_max.
Result<> check_password(const Secret& password);

/// What names are compared by: ASCII letters in lower case, all else as it is. Nothing for a name that no account can
/// have, so that it never reaches the database.
std::optional<std::string> name_key(std::string_view name);

/// What accounts are found by at sign-in: the name's key, in other domains than "default" behind the domain's id.
/// Nothing for a name that no account can have.
std::optional<std::string> sign_in_key(std::string_view domain, std::string_view name);
/// Stands between the two, and in no name.
inline constexpr std::string_view domain_mark = "\x1f";

/// The same for domains, projects, groups and roles, whose names may hold a colon and have at most 255 bytes.
std::optional<std::string> label_key(std::string_view name);
/// Fails with `invalid`, naming `what`.
Result<> check_label(std::string_view what, std::string_view name);

/// Empty is no address, and fine. Fails with `invalid`: over 254 bytes, not one mailbox, a control character or blank.
Result<> check_email(std::string_view email);
/// Fails with `invalid`: over `bytes_max`, not UTF-8, or a control character other than a line end. `what` names it.
Result<> check_text(std::string_view what, std::string_view text, std::size_t bytes_max);

}  // namespace nephele::identity
