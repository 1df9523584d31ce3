// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <span>
#include <string_view>

#include "sql/sql.h"

/// The schema's steps, the same on both engines. Private to sql/.
namespace nephele::sql {

/// Longest time that all steps together may take.
inline constexpr std::chrono::hours migration_time{1};

/// How long to wait for another process that is migrating.
inline std::chrono::milliseconds migration_wait(std::chrono::milliseconds wait_max) {
  return 6 * wait_max;
}

/// Runs the missing steps in the open transaction, which the caller commits when all is well and rolls back otherwise:
/// all steps or none. Nobody else may migrate meanwhile. `script` runs several statements. Throws Failure.
Result<> apply_migrations(Connection& connection, const std::function<void(std::string_view)>& script,
                          std::span<const Migration> migrations);

}  // namespace nephele::sql
