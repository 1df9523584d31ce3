// SPDX-License-Identifier: Apache-2.0
#include "runtimes/housekeeping.h"

#include "runtimes/store.h"

namespace nephele::runtimes {
namespace {

constexpr std::int64_t rows_at_once = 500;
constexpr std::chrono::minutes pause{10};

}  // namespace

Task<Result<std::int64_t>> tidy(sql::Database& database, const Clock& clock, const Settings& settings) {
  const Time now = clock.now();
  std::int64_t total = 0;
  for (;;) {
    CO_TRY(const auto gone, co_await database.write([&](sql::Tx& tx) {
      return store::purge(tx, now - settings.idempotency_keep, now - settings.events_keep, rows_at_once);
    }));
    total += gone;
    if (gone < rows_at_once) co_return total;
  }
}

Task<> keep_tidy(sql::Database& database, const Clock& clock, const Settings& settings, log::Logger log) {
  for (;;) {
    const auto gone = co_await tidy(database, clock, settings);
    if (!gone) log.warn("tidy.failed", {{"reason", gone.error().sentence()}});
    co_await sleep_for(pause);
  }
}

}  // namespace nephele::runtimes
