// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/async.h"
#include "base/clock.h"
#include "base/log.h"
#include "runtimes/settings.h"
#include "sql/sql.h"

namespace nephele::runtimes {

/// Drops idempotency keys and events past their time, in small transactions; answers how many rows went.
Task<Result<std::int64_t>> tidy(sql::Database& database, const Clock& clock, const Settings& settings);

/// The same every ten minutes until cancelled: `scope.spawn(keep_tidy(...))`. All that is passed outlives the scope.
Task<> keep_tidy(sql::Database& database, const Clock& clock, const Settings& settings, log::Logger log);

}  // namespace nephele::runtimes
