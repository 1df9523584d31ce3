// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "sql/postgres_connection.h"

namespace nephele::sql {

namespace {

using Cause = Failure::Cause;

struct Meaning {
  std::string_view state;  ///< an SQLSTATE or the class that it begins with; the first row that fits counts
  Cause cause;
};

// Source: PostgreSQL 15, appendix A, "PostgreSQL Error Codes".
constexpr Meaning meanings[] =
    {
        {"23505", Cause::unique},        {"23", Cause::constraint},
        {"40", Cause::serialization},     // serialization failure, deadlock
        {"0A000", Cause::serialization},  // a cached plan whose result type a migration has changed; see below
        {"26000", Cause::serialization},  // a prepared statement that somebody has dropped
        {"55P03", Cause::unavailable},    // lock_timeout
        {"57014", Cause::timeout},        // statement_timeout
        {"57", Cause::unavailable},       // shutting down, starting up, crashed
        {"08", Cause::unavailable},       // connection
        {"25P03", Cause::unavailable},    // idle_in_transaction_session_timeout: this process stood still
        {"53100", Cause::disk_full},     {"53", Cause::unavailable},  // memory, connections
        {"58030", Cause::unavailable},   {"XX001", Cause::corrupt},
        {"XX002", Cause::corrupt},       {"22021", Cause::text},
        {"22P05", Cause::text},          {"54000", Cause::text},
};

Cause cause_of(std::string_view state, std::string_view message, bool writes) {
  // Other 0A000 are statements that the server does not know: a bug, and repeating would not help.
  if (state == "0A000" && !message.contains("cached plan")) return Cause::bug;
  if (state == "25006") return writes ? Cause::unavailable : Cause::bug;  // a standby; a change inside read()
  for (const auto& meaning : meanings)
    if (state.starts_with(meaning.state)) return meaning.cause;
  return Cause::bug;
}

std::string_view field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? std::string_view{} : std::string_view{text};
}

}  // namespace

Failure postgres_failure(std::string_view doing, std::string_view shown, const PGresult* result, bool writes) {
  const std::string_view state = field(result, PG_DIAG_SQLSTATE);
  const std::string_view message = field(result, PG_DIAG_MESSAGE_PRIMARY);  // never the detail: it shows values
  const Cause cause = cause_of(state, message, writes);
  switch (cause) {
    case Cause::disk_full:
      return {cause, fmt::format("{}: the disk is full; make room there, then the work goes on by itself", shown)};
    case Cause::corrupt:
      return {cause, fmt::format("{}: its files are damaged ({}); restore a backup with pg_restore", shown, message)};
    case Cause::timeout:
      return {cause, fmt::format("{}: took too long and was ended; try again later", doing)};
    case Cause::unavailable:
      if (state == "55P03")
        return {cause, fmt::format("{}: somebody else holds a lock for too long; try again in a moment", doing)};
      if (state == "25006")
        return {cause, fmt::format("{}: is read-only (a standby?); point the address at the primary server", shown)};
      return {cause, fmt::format("{}: {}; see that PostgreSQL runs, then the work goes on by itself", shown, message)};
    case Cause::bug:
      if (state.starts_with("22"))  // its message quotes the value
        return {cause, fmt::format("{}: a value does not fit its column (SQLSTATE {})", doing, state)};
      return {cause, fmt::format("{}: {} (SQLSTATE {})", doing, message, state)};
    default:
      return {cause, fmt::format("{}: {}", doing, message)};
  }
}

}  // namespace nephele::sql
