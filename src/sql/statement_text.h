// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "sql/sql.h"

/// Checks that hold on both engines alike. Private to sql/.
namespace nephele::sql {

/// Prepared statements that one connection keeps; beyond that it starts anew. Names come from a closed set, so only
/// a bug gets here.
inline constexpr std::size_t prepared_max = 4096;

/// Throws Failure(text) unless every text is UTF-8 without NUL: PostgreSQL can store nothing else, so neither do we.
void check_texts(const Statement& statement, std::span<const Value> parameters);

/// Throws Failure(bug): the same name was used for another text.
[[noreturn]] void two_texts(const Statement& statement);
/// Throws Failure(bug): the statement has `wanted` parameters and was given `given`.
[[noreturn]] void wrong_count(const Statement& statement, std::size_t wanted, std::size_t given);
/// Throws Failure(bug): a statement after one that failed.
[[noreturn]] void already_failed(const Statement& statement);

}  // namespace nephele::sql
