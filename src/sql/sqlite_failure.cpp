// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cerrno>
#include <system_error>

#include "sql/sqlite_connection.h"

namespace nephele::sql {

namespace {

using Cause = Failure::Cause;

Failure of_constraint(std::string_view doing, int code, std::string_view message) {
  const bool taken =
      code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_ROWID;
  return {taken ? Cause::unique : Cause::constraint, fmt::format("{}: {}", doing, message)};
}

Failure of_full_disk(const std::string& path) {
  return {Cause::disk_full,
          fmt::format("{}: the disk is full; make room there, then the work goes on by itself", path)};
}

bool means_full_disk(int system_error) {
  return system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG;
}

}  // namespace

Failure sqlite_failure(std::string_view doing, const std::string& path, int extended_code, int system_error,
                       std::string_view message) {
  switch (extended_code & 0xff) {
    case SQLITE_CONSTRAINT:
      return of_constraint(doing, extended_code, message);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Cause::unavailable,
              fmt::format("{}: another program holds the database for too long; let it end, then try again", path)};
    case SQLITE_FULL:
      return of_full_disk(path);
    case SQLITE_IOERR:
      if (means_full_disk(system_error)) return of_full_disk(path);
      return {Cause::unavailable,
              fmt::format("{}: the disk cannot be read or written ({}); look at it with dmesg", path,
                          system_error != 0 ? std::generic_category().message(system_error) : std::string(message))};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {Cause::corrupt,
              fmt::format("{}: the file is damaged ({}); put a backup in its place with `nephele restore DIRECTORY`",
                          path, message)};
    case SQLITE_CANTOPEN:
      return {Cause::unavailable,
              fmt::format("{}: cannot be opened ({}); it and its folder must be writable for this user", path,
                          system_error != 0 ? std::generic_category().message(system_error) : std::string(message))};
    case SQLITE_READONLY:
      if (extended_code == SQLITE_READONLY)  // query_only answers this as well
        return {Cause::bug, fmt::format("{}: changes are refused here; use write(), and a writable {}", doing, path)};
      return {Cause::unavailable,
              fmt::format("{}: is not writable ({}); it and its folder must be writable for this user", path, message)};
    case SQLITE_INTERRUPT:
      return {Cause::timeout, fmt::format("{}: took too long and was ended; try again later", doing)};
    case SQLITE_NOMEM:
      return {Cause::unavailable, fmt::format("{}: no memory left; try again in a moment", doing)};
    case SQLITE_TOOBIG:
      return {Cause::text, fmt::format("{}: a text is too long for the database", doing)};
    case SQLITE_SCHEMA:
      return {Cause::serialization, fmt::format("{}: the schema has just changed; try again", doing)};
    default:
      return {Cause::bug, fmt::format("{}: {}", doing, message)};
  }
}

}  // namespace nephele::sql
