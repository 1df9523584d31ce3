// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/clock.h"
#include "runtimes/flavour.h"
#include "sql/sql.h"

namespace nephele::runtimes {

/// Schema of this service: tables runtimes_*.
std::span<const sql::Migration> migrations();

/// What admins do with flavours: `nephele flavour add|list|show|remove`.
class Flavours {
 public:
  Flavours(sql::Database& database, const Clock& clock);

  /// Fails with `conflict` when the name is taken: remove it first, runtimes keep what they were made from.
  Task<Result<>> add(Flavour flavour);
  /// By name, those after `after`.
  Task<Result<std::vector<Flavour>>> list(std::string after, std::size_t limit);
  /// Fails with `not_found`.
  Task<Result<Flavour>> show(std::string name);
  Task<Result<>> remove(std::string name);

  /// The shipped ones, where there is none at all yet. True when it wrote them.
  Task<Result<bool>> seed();

 private:
  sql::Database& database_;
  const Clock& clock_;
};

/// The flavour of that name in an open transaction, or nothing.
std::optional<Flavour> find_flavour(sql::Tx& tx, const std::string& name);

}  // namespace nephele::runtimes
