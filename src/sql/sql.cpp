// SPDX-License-Identifier: Apache-2.0
#include "sql/sql.h"

#include <fmt/format.h>

#include "sql/open.h"

namespace nephele::sql {

std::optional<std::int64_t> Row::maybe_integer(std::size_t column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

std::optional<std::string> Row::maybe_text(std::size_t column) const {
  if (is_null(column)) return std::nullopt;
  return text(column);
}

std::optional<Time> Row::maybe_time(std::size_t column) const {
  if (is_null(column)) return std::nullopt;
  return time(column);
}

std::optional<Row> Tx::at_most_one(const Statement& statement, Rows rows) {
  if (rows.empty()) return std::nullopt;
  return exactly_one(statement, std::move(rows));
}

Row Tx::exactly_one(const Statement& statement, Rows rows) {
  if (rows.size() != 1)
    throw Failure(Failure::Cause::bug, fmt::format("{}: {} rows where one is expected", statement.name, rows.size()));
  return std::move(rows.front());
}

std::string_view to_string(Failure::Cause cause) noexcept {
  using enum Failure::Cause;
  switch (cause) {
    case unique:
      return "unique";
    case constraint:
      return "constraint";
    case text:
      return "text";
    case serialization:
      return "serialization";
    case unavailable:
      return "unavailable";
    case timeout:
      return "timeout";
    case disk_full:
      return "disk_full";
    case corrupt:
      return "corrupt";
    case bug:
      return "bug";
  }
  return "bug";
}

namespace {
Kind kind_of(Failure::Cause cause) noexcept {
  using enum Failure::Cause;
  switch (cause) {
    case unique:
    case constraint:
      return Kind::conflict;
    case text:
      return Kind::invalid;
    case serialization:
      return Kind::busy;
    case timeout:
      return Kind::timeout;
    case unavailable:
    case disk_full:
    case corrupt:
      return Kind::unavailable;
    case bug:
      return Kind::internal;
  }
  return Kind::internal;
}
}  // namespace

Error to_error(const Failure& failure) {
  return Error(kind_of(failure.cause()), failure.what()).with("sql", std::string(to_string(failure.cause())));
}

Result<std::unique_ptr<Database>> Database::open(const Settings& settings) {
  if (settings.readers < 1 || settings.readers > 256)
    return fail(Kind::invalid, fmt::format("{} database readers; choose 1 to 256", settings.readers));
  if (settings.queue_max < 1) return fail(Kind::invalid, "a database queue of 0 transactions; choose 1 or more");
  if (settings.wait_max < std::chrono::milliseconds(1))
    return fail(Kind::invalid, "the database's longest wait must be at least 1 ms");

  const std::string_view url = settings.url;
  constexpr std::string_view file = "sqlite:";
  if (url.starts_with(file)) return open_sqlite(std::string(url.substr(file.size())), settings);
  if (url.starts_with("postgresql://") || url.starts_with("postgres://")) return open_postgres(settings);
  return fail(Kind::invalid,  // without the text itself, which may hold a password
              "the database's address must be sqlite:/path/to/file or postgresql://user@host:port/name");
}

}  // namespace nephele::sql
