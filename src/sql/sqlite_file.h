// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"
#include "sql/sqlite_connection.h"

/// The database as a file: made, looked at, copied. Private to sql/.
namespace nephele::sql {

/// Makes an empty file of mode 0600 when there is none. Fails when the path is no file that we can write.
Result<> create_sqlite_file(const std::string& path);

/// Files up to this size are read through at open (some 10 ms); of bigger ones only the header and the schema are.
inline constexpr std::int64_t checked_bytes_max = 8LL << 20;

/// Throws Failure(corrupt) when the file is visibly damaged; with `whole`, every page of any file is read.
void check_sqlite_file(SqliteConnection& connection, const std::string& path, bool whole);

/// Room for some hundred small transactions that a full disk cannot take away: what runs must be written down then,
/// too.
inline constexpr std::int64_t log_reserve_bytes = 8LL << 20;
void reserve_log(const std::string& path) noexcept;

/// A consistent copy, mode 0600, on disk when it returns. The target must not exist.
Result<> copy_sqlite_file(const std::string& path, const std::string& target);

}  // namespace nephele::sql
