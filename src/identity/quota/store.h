// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "identity/quota/model.h"
#include "identity/quota/rules.h"
#include "sql/batch.h"
#include "sql/sql.h"

/// All SQL of the quota holder. Every function works in the caller's transaction.
namespace nephele::identity::quota {

using Holdings = std::map<Key, Holding>;

/// A row of the provision log: what the end of a commission did to one holding.
struct Logged {
  Holding after;
  Serial serial;
  std::string client;
  std::string name;
  Amount delta = 0;
  Time issued;
  Time logged;
  Verdict verdict = Verdict::accept;
};

/// Locks are taken in this order, so that no two transactions can wait for each other: serial counter, commissions by
/// serial, log rows, holdings by key (in the order of bytes on both engines).
class Store {
 public:
  explicit Store(sql::Engine engine);

  /// Those that exist, locked until the end of the transaction.
  Holdings lock(sql::Tx& tx, std::vector<Key> keys) const;
  Holdings find(sql::Tx& tx, std::vector<Key> keys) const;
  void save_usage(sql::Tx& tx, std::span<const Holding> holdings) const;
  /// Makes the holdings that are missing. The existing ones are locked before.
  void save_limits(sql::Tx& tx, std::span<const Limit> limits) const;

  void insert(sql::Tx& tx, const Commission& commission) const;
  /// Removes a pending commission and returns it; nothing if it is another's or unknown.
  std::optional<Commission> take(sql::Tx& tx, std::string_view client, Serial serial) const;
  /// The same for several, which come in the order of `serials`: that is by serial.
  std::vector<Commission> take(sql::Tx& tx, std::string_view client, std::span<const Serial> serials) const;
  std::optional<Commission> find(sql::Tx& tx, Serial serial) const;
  /// Without provisions, those behind `after`. An empty `client` is everybody's.
  std::vector<Commission> pending(sql::Tx& tx, std::string_view client, Time issued_before, Serial after,
                                  std::size_t limit) const;
  void log(sql::Tx& tx, std::span<const Logged> rows) const;
  /// Drops log rows from before a time; their holdings remember the sums. How many.
  std::size_t drop_log(sql::Tx& tx, Time before, std::size_t limit) const;

  std::vector<Holding> holdings_of(sql::Tx& tx, std::string_view holder) const;
  /// Of projects as a whole: what stands under these holders without a source.
  std::vector<Holding> whole_projects(sql::Tx& tx, std::vector<std::string> holders) const;
  /// Those behind `after`, in the order of the database.
  std::vector<Holding> page(sql::Tx& tx, const Key& after, std::size_t limit) const;
  /// What log and pending commissions tell about these holdings.
  std::map<Key, UsageSum> explained(sql::Tx& tx, std::span<const Key> keys) const;

 private:
  static Holdings run(const sql::Batch& batch, sql::Tx& tx, std::vector<Key> keys);

  sql::Batch lock_;
  sql::Batch find_;
  sql::Batch usage_;
  sql::Batch limits_;
  sql::Batch provisions_;
  sql::Batch take_lock_;
  sql::Batch take_provisions_;
  sql::Batch take_commissions_;
  sql::Batch log_;
  sql::Batch log_remove_;
  sql::Batch log_dropped_;
  sql::Batch pending_of_;
  sql::Batch logged_of_;
  sql::Batch dropped_of_;
  sql::Batch projects_;
  std::string log_old_;
};

}  // namespace nephele::identity::quota
