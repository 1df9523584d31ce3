// SPDX-License-Identifier: Apache-2.0
#include "identity/quota/store.h"

#include <algorithm>

namespace nephele::identity::quota {

namespace {

using Column = sql::Batch::Column;
constexpr auto text = Column::text;
constexpr auto number = Column::number;
std::vector<Column> key_columns() {
  return {text, text, text};
}

constexpr std::string_view accepted = "ACCEPT:";
constexpr std::string_view rejected = "REJECT:";

#define HOLDING_COLUMNS "holder, source, resource, limit_amount, usage_min, usage_max"
#define WITH_KEY "(holder, source, resource) IN (VALUES "

constexpr sql::Statement insert_commission{"quota.commission.insert", R"(
  INSERT INTO identity_commission (serial, client, name, issued_ms) VALUES ($1, $2, $3, $4))"};
constexpr sql::Statement take_commission{"quota.commission.take", R"(
  DELETE FROM identity_commission WHERE serial = $1 AND client = $2 RETURNING serial, client, name, issued_ms)"};
constexpr sql::Statement take_provisions{"quota.provision.take", R"(
  DELETE FROM identity_provision WHERE serial = $1 RETURNING holder, source, resource, quantity)"};
constexpr sql::Statement find_commission{"quota.commission.find", R"(
  SELECT serial, client, name, issued_ms FROM identity_commission WHERE serial = $1)"};
constexpr sql::Statement find_provisions{"quota.provision.find", R"(
  SELECT holder, source, resource, quantity FROM identity_provision WHERE serial = $1)"};
constexpr sql::Statement page_commissions{"quota.commission.page", R"(
  SELECT serial, client, name, issued_ms FROM identity_commission
   WHERE serial > $1 AND ($2 = '' OR client = $2) AND issued_ms < $3 ORDER BY serial LIMIT $4)"};
constexpr sql::Statement holdings_of_holder{
    "quota.holding.of", "SELECT " HOLDING_COLUMNS " FROM identity_holding WHERE holder = $1 ORDER BY source, resource"};
constexpr sql::Statement page_holdings{"quota.holding.page",
                                       "SELECT " HOLDING_COLUMNS
                                       " FROM identity_holding WHERE (holder, source, resource) > ($1, $2, $3) "
                                       "ORDER BY holder, source, resource LIMIT $4"};

/// PostgreSQL sorts text as its collation says; locks need the order that this process sorts by.
std::string by_key(sql::Engine engine) {
  return engine == sql::Engine::sqlite ? "holder, source, resource"
                                       : R"(holder COLLATE "C", source COLLATE "C", resource COLLATE "C")";
}

std::string locking(sql::Engine engine) {
  return engine == sql::Engine::sqlite ? "" : " FOR UPDATE";  // SQLite's writers are alone
}

Key key_from(const sql::Row& row) {
  return {row.text(0), row.text(1), row.text(2)};
}

Holding holding_from(const sql::Row& row) {
  return {key_from(row), row.integer(3), row.integer(4), row.integer(5)};
}

std::vector<Holding> holdings_from(const sql::Rows& rows) {
  std::vector<Holding> holdings;
  holdings.reserve(rows.size());
  for (const auto& row : rows) holdings.push_back(holding_from(row));
  return holdings;
}

Commission commission_from(const sql::Row& row) {
  return {Serial(row.integer(0)), row.text(1), row.text(2), row.time(3), {}};
}

std::vector<Provision> provisions_from(const sql::Rows& rows) {
  std::vector<Provision> provisions;
  provisions.reserve(rows.size());
  for (const auto& row : rows) provisions.push_back({key_from(row), row.integer(3)});
  std::ranges::sort(provisions, {}, &Provision::key);
  return provisions;
}

/// Rows of parameters, laid flat.
class Flat {
 public:
  template <class... Args>
  void add(const Args&... args) {
    (values_.push_back(sql::bind(args)), ...);
  }
  void add_key(const Key& key) { add(key.holder, key.source, key.resource); }
  operator std::span<const sql::Value>() const { return values_; }  // NOLINT(google-explicit-constructor)

 private:
  std::vector<sql::Value> values_;
};

Flat flat(std::span<const Key> keys) {
  Flat values;
  for (const auto& key : keys) values.add_key(key);
  return values;
}

}  // namespace

Store::Store(sql::Engine engine)
    : lock_("quota.holding.lock", "SELECT " HOLDING_COLUMNS " FROM identity_holding WHERE " WITH_KEY, key_columns(),
            ") ORDER BY " + by_key(engine) + locking(engine)),
      find_("quota.holding.find", "SELECT " HOLDING_COLUMNS " FROM identity_holding WHERE " WITH_KEY, key_columns(),
            ")"),
      usage_("quota.holding.usage",
             "UPDATE identity_holding SET usage_min = v.column4, usage_max = v.column5 FROM (VALUES ",
             {text, text, text, number, number},
             ") AS v WHERE holder = v.column1 AND source = v.column2 AND resource = v.column3"),
      limits_("quota.holding.limit", "INSERT INTO identity_holding (holder, source, resource, limit_amount) VALUES ",
              {text, text, text, number},
              " ON CONFLICT (holder, source, resource) DO UPDATE SET limit_amount = excluded.limit_amount"),
      provisions_("quota.provision.insert",
                  "INSERT INTO identity_provision (serial, holder, source, resource, quantity) VALUES ",
                  {number, text, text, text, number}, ""),
      take_lock_("quota.commission.lock",
                 "SELECT serial, client, name, issued_ms FROM identity_commission WHERE (serial, client) IN (VALUES ",
                 {number, text}, ") ORDER BY serial" + locking(engine)),
      take_provisions_("quota.provision.take_all", "DELETE FROM identity_provision WHERE serial IN (VALUES ", {number},
                       ") RETURNING holder, source, resource, quantity, serial"),
      take_commissions_("quota.commission.take_all", "DELETE FROM identity_commission WHERE serial IN (VALUES ",
                        {number}, ")"),
      log_("quota.log.insert",
           "INSERT INTO identity_provision_log (holder, source, resource, serial, client, name, limit_amount, "
           "usage_min, usage_max, delta, issued_ms, logged_ms, reason) VALUES ",
           {text, text, text, number, text, text, number, number, number, number, number, number, text}, ""),
      log_remove_("quota.log.remove",
                  "DELETE FROM identity_provision_log WHERE (holder, source, resource, serial) IN (VALUES ",
                  {text, text, text, number}, ")"),
      log_dropped_("quota.holding.log_dropped", "UPDATE identity_holding SET log_dropped = v.column4 FROM (VALUES ",
                   {text, text, text, number},
                   ") AS v WHERE holder = v.column1 AND source = v.column2 AND resource = v.column3"),
      pending_of_("quota.provision.of",
                  "SELECT holder, source, resource, quantity FROM identity_provision WHERE " WITH_KEY, key_columns(),
                  ")"),
      // In two parts, since a sum of 64-bit numbers may be longer than that on its way (rules.h, UsageSum).
      logged_of_("quota.log.of",
                 "SELECT holder, source, resource, CAST(SUM(delta / 1000000000) AS BIGINT), "
                 "CAST(SUM(delta % 1000000000) AS BIGINT) FROM identity_provision_log WHERE reason = 'ACCEPT:' "
                 "AND " WITH_KEY,
                 key_columns(), ") GROUP BY holder, source, resource"),
      dropped_of_("quota.holding.dropped_of",
                  "SELECT holder, source, resource, log_dropped FROM identity_holding WHERE " WITH_KEY, key_columns(),
                  ")"),
      projects_("quota.holding.projects",
                "SELECT " HOLDING_COLUMNS " FROM identity_holding WHERE source = '' AND holder IN (VALUES ", {text},
                ")"),
      log_old_(
          "SELECT holder, source, resource, serial, delta, reason FROM identity_provision_log WHERE logged_ms < $1 "
          "ORDER BY logged_ms, serial, " +
          by_key(engine) + " LIMIT $2" + locking(engine)) {}

#undef WITH_KEY
#undef HOLDING_COLUMNS

Holdings Store::lock(sql::Tx& tx, std::vector<Key> keys) const {
  return run(lock_, tx, std::move(keys));
}

Holdings Store::find(sql::Tx& tx, std::vector<Key> keys) const {
  return run(find_, tx, std::move(keys));
}

Holdings Store::run(const sql::Batch& batch, sql::Tx& tx, std::vector<Key> keys) {
  std::ranges::sort(keys);
  const auto surplus = std::ranges::unique(keys);
  keys.erase(surplus.begin(), surplus.end());
  Holdings holdings;
  for (const auto& row : batch.run(tx, flat(keys))) {
    Holding holding = holding_from(row);
    Key key = holding.key;
    holdings.emplace_hint(holdings.end(), std::move(key), std::move(holding));
  }
  return holdings;
}

void Store::save_usage(sql::Tx& tx, std::span<const Holding> holdings) const {
  Flat values;
  for (const auto& holding : holdings) {
    values.add_key(holding.key);
    values.add(holding.usage_min, holding.usage_max);
  }
  usage_.run(tx, values);
}

void Store::save_limits(sql::Tx& tx, std::span<const Limit> limits) const {
  std::map<Key, Amount> sorted;  // and of the same key the last, which one statement could not write twice
  std::vector<Key> keys;
  for (const auto& limit : limits) {
    sorted.insert_or_assign(limit.key, limit.limit);
    keys.push_back(limit.key);
  }
  lock(tx, std::move(keys));
  Flat values;
  for (const auto& [key, limit] : sorted) {
    values.add_key(key);
    values.add(limit);
  }
  limits_.run(tx, values);
}

void Store::insert(sql::Tx& tx, const Commission& commission) const {
  tx.execute(insert_commission, commission.serial, commission.client, commission.name, commission.issued);
  Flat values;
  for (const auto& provision : commission.provisions) {
    values.add(commission.serial);
    values.add_key(provision.key);
    values.add(provision.quantity);
  }
  provisions_.run(tx, values);
}

std::optional<Commission> Store::take(sql::Tx& tx, std::string_view client, Serial serial) const {
  const auto row = tx.maybe_one(take_commission, serial, client);
  if (!row) return std::nullopt;
  Commission commission = commission_from(*row);
  commission.provisions = provisions_from(tx.query(take_provisions, serial));
  return commission;
}

std::vector<Commission> Store::take(sql::Tx& tx, std::string_view client, std::span<const Serial> serials) const {
  Flat wanted;
  for (const Serial serial : serials) wanted.add(serial, client);
  std::vector<Commission> commissions;
  std::map<Serial, std::vector<Provision>> provisions;
  Flat found;
  for (const auto& row : take_lock_.run(tx, wanted)) {
    commissions.push_back(commission_from(row));
    found.add(commissions.back().serial);
  }
  for (const auto& row : take_provisions_.run(tx, found))
    provisions[Serial(row.integer(4))].push_back({key_from(row), row.integer(3)});
  take_commissions_.run(tx, found);
  for (auto& commission : commissions) {
    commission.provisions = std::move(provisions[commission.serial]);
    std::ranges::sort(commission.provisions, {}, &Provision::key);
  }
  return commissions;
}

std::optional<Commission> Store::find(sql::Tx& tx, Serial serial) const {
  const auto row = tx.maybe_one(find_commission, serial);
  if (!row) return std::nullopt;
  Commission commission = commission_from(*row);
  commission.provisions = provisions_from(tx.query(find_provisions, serial));
  return commission;
}

std::vector<Commission> Store::pending(sql::Tx& tx, std::string_view client, Time issued_before, Serial after,
                                       std::size_t limit) const {
  std::vector<Commission> commissions;
  for (const auto& row : tx.query(page_commissions, after, client, issued_before, limit))
    commissions.push_back(commission_from(row));
  return commissions;
}

void Store::log(sql::Tx& tx, std::span<const Logged> rows) const {
  Flat values;
  for (const auto& row : rows) {
    values.add_key(row.after.key);
    values.add(row.serial, row.client, row.name, row.after.limit, row.after.usage_min, row.after.usage_max, row.delta,
               row.issued, row.logged, row.verdict == Verdict::accept ? accepted : rejected);
  }
  log_.run(tx, values);
}

std::size_t Store::drop_log(sql::Tx& tx, Time before, std::size_t limit) const {
  const auto rows = tx.query({"quota.log.old", log_old_}, before, limit);
  std::map<Key, UsageSum> sums;
  std::vector<Key> keys;
  for (const auto& row : rows) {
    const auto [sum, fresh] = sums.try_emplace(key_from(row));
    if (fresh) keys.push_back(sum->first);
    if (row.text(5) == accepted) sum->second.accepted(row.integer(4));
  }
  lock(tx, keys);
  for (const auto& row : dropped_of_.run(tx, flat(keys))) sums[key_from(row)].accepted(row.integer(3));
  Flat dropped;
  for (const auto& [key, sum] : sums) {
    const auto usage = sum.usage();
    // What was accepted up to a moment is a usage. Not so within a moment, whose rows come in any order: wait for more.
    if (!usage) continue;
    dropped.add_key(key);
    dropped.add(usage->min);
  }
  Flat gone;
  std::size_t count = 0;
  for (const auto& row : rows) {
    if (!sums[key_from(row)].usage()) continue;
    gone.add_key(key_from(row));
    gone.add(row.integer(3));
    ++count;
  }
  log_dropped_.run(tx, dropped);
  log_remove_.run(tx, gone);
  return count;
}

std::vector<Holding> Store::holdings_of(sql::Tx& tx, std::string_view holder) const {
  return holdings_from(tx.query(holdings_of_holder, holder));
}

std::vector<Holding> Store::whole_projects(sql::Tx& tx, std::vector<std::string> holders) const {
  std::ranges::sort(holders);
  const auto surplus = std::ranges::unique(holders);
  holders.erase(surplus.begin(), surplus.end());
  Flat values;
  for (const auto& holder : holders) values.add(holder);
  return holdings_from(projects_.run(tx, values));
}

std::vector<Holding> Store::page(sql::Tx& tx, const Key& after, std::size_t limit) const {
  return holdings_from(tx.query(page_holdings, after.holder, after.source, after.resource, limit));
}

std::map<Key, UsageSum> Store::explained(sql::Tx& tx, std::span<const Key> keys) const {
  std::map<Key, UsageSum> sums;
  const Flat values = flat(keys);
  for (const auto& row : dropped_of_.run(tx, values)) sums[key_from(row)].accepted(row.integer(3));
  for (const auto& row : logged_of_.run(tx, values)) sums[key_from(row)].accepted_parts(row.integer(3), row.integer(4));
  for (const auto& row : pending_of_.run(tx, values)) sums[key_from(row)].pending(row.integer(3));
  return sums;
}

}  // namespace nephele::identity::quota
