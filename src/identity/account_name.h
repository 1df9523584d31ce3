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

}  // namespace nephele::identity
