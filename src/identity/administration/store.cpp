// SPDX-License-Identifier: Apache-2.0
#include "identity/administration/store.h"

#include <limits>

#include "identity/oauth2/store.h"
#include "identity/pages/store.h"
#include "identity/quota/model.h"
#include "identity/store.h"
#include "identity/ways/store.h"
#include "sql/batch.h"
#include "sql/mapped.h"

namespace nephele::identity::administration::store {

namespace {

using sql::mapped;

constexpr sql::Statement read_extras{"identity.extras.read",
                                     "SELECT user_level, invitations FROM identity_account WHERE id = $1"};
constexpr sql::Statement write_level{"identity.extras.level",
                                     "UPDATE identity_account SET user_level = $2 WHERE id = $1"};
constexpr sql::Statement write_invitations{"identity.extras.invitations",
                                           "UPDATE identity_account SET invitations = $2 WHERE id = $1"};
constexpr sql::Statement permissions_of{"identity.permission.of",
                                        "SELECT name FROM identity_permission WHERE account_id = $1 ORDER BY name"};
constexpr sql::Statement insert_permission{
    "identity.permission.insert",
    "INSERT INTO identity_permission (account_id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING"};
constexpr sql::Statement delete_permission{"identity.permission.remove",
                                           "DELETE FROM identity_permission WHERE account_id = $1 AND name = $2"};
constexpr sql::Statement page_of_all{"identity.audit.page", R"(
  SELECT id, at_ms, account_id, actor, event, details FROM identity_audit
   WHERE (at_ms < $1 OR (at_ms = $1 AND id < $2)) AND at_ms >= $3 ORDER BY at_ms DESC, id DESC LIMIT $4)"};
constexpr sql::Statement page_of_one{"identity.audit.page_of", R"(
  SELECT id, at_ms, account_id, actor, event, details FROM identity_audit
   WHERE account_id = $5 AND (at_ms < $1 OR (at_ms = $1 AND id < $2)) AND at_ms >= $3
   ORDER BY at_ms DESC, id DESC LIMIT $4)"};
constexpr sql::Statement count_users{"identity.users.count", R"(
  SELECT COUNT(*), CAST(COALESCE(SUM(email_verified), 0) AS BIGINT), CAST(COALESCE(SUM(enabled), 0) AS BIGINT) FROM identity_account)"};
constexpr sql::Statement count_ways{"identity.ways.count", R"(
  SELECT w.module, COUNT(*), CAST(COALESCE(SUM(a.email_verified), 0) AS BIGINT),
         CAST(COALESCE(SUM(a.enabled), 0) AS BIGINT),
         CAST(COALESCE(SUM(CASE WHEN EXISTS (SELECT 1 FROM identity_way o WHERE o.account_id = w.account_id
                                                AND o.module <> w.module) THEN 0 ELSE 1 END), 0) AS BIGINT)
    FROM (SELECT DISTINCT account_id, module FROM identity_way) w JOIN identity_account a ON a.id = w.account_id
   GROUP BY w.module ORDER BY w.module)"};
// In halves: the sum of a million limits has more than 64 bits.
constexpr sql::Statement count_usage{"identity.resource.usage", R"(
  SELECT r.name, r.description, r.unit,
         CAST(COALESCE(SUM(h.usage_max / 4294967296), 0) AS BIGINT),
         CAST(COALESCE(SUM(h.usage_max % 4294967296), 0) AS BIGINT),
         CAST(COALESCE(SUM(CASE WHEN h.limit_amount < $1 THEN h.limit_amount / 4294967296 ELSE 0 END), 0) AS BIGINT),
         CAST(COALESCE(SUM(CASE WHEN h.limit_amount < $1 THEN h.limit_amount % 4294967296 ELSE 0 END), 0) AS BIGINT),
         CAST(COALESCE(SUM(CASE WHEN h.limit_amount >= $1 THEN 1 ELSE 0 END), 0) AS BIGINT)
    FROM identity_resource r LEFT JOIN identity_holding h ON h.resource = r.name AND h.source <> ''
   GROUP BY r.name, r.description, r.unit ORDER BY r.name)"};
constexpr sql::Statement administers_cloud{"identity.account.administers", R"(
  SELECT 1 FROM identity_account WHERE id = $1 AND admin = 1
  UNION ALL
  SELECT 1 FROM identity_assignment a JOIN identity_role r ON r.id = a.role_id
   WHERE r.domain_id = '' AND r.name_key = $2
     AND ((a.actor_kind = 'user' AND a.actor_id = $1) OR
          (a.actor_kind = 'group' AND a.actor_id IN (SELECT group_id FROM identity_group_member WHERE account_id = $1)))
  LIMIT 1)"};
constexpr sql::Statement administrators{"identity.account.administrators",
                                        "SELECT id FROM identity_account WHERE admin = 1 ORDER BY number"};

std::int64_t joined(std::int64_t high, std::int64_t low) {
  std::int64_t sum = 0;
  if (__builtin_mul_overflow(high, std::int64_t{1} << 32U, &sum) || __builtin_add_overflow(sum, low, &sum))
    return quota::unlimited;
  return sum;
}

Entry to_entry(const sql::Row& row) {
  return {.id = row.text(0),
          .event = {.at = row.time(1),
                    .account = row.text(2),
                    .actor = row.text(3),
                    .event = row.text(4),
                    .details = row.text(5)}};
}

UserNumbers to_numbers(const sql::Row& row) {
  return {.total = row.integer(0), .verified = row.integer(1), .active = row.integer(2)};
}

}  // namespace

Extras extras(sql::Tx& tx, const AccountId& account) {
  Extras found;
  if (const auto row = tx.maybe_one(read_extras, account)) {
    found.level = row->integer(0);
    found.invitations = row->integer(1);
  }
  for (const auto& [id, expires] : token_expiry_of(tx, std::span(&account, 1))) found.token_expires = expires;
  found.permissions = mapped(tx.query(permissions_of, account), [](const sql::Row& row) { return row.text(0); });
  return found;
}
void set_level(sql::Tx& tx, const AccountId& account, std::int64_t level) {
  tx.execute(write_level, account, level);
}
void set_invitations(sql::Tx& tx, const AccountId& account, std::int64_t invitations) {
  tx.execute(write_invitations, account, invitations);
}
void add_permission(sql::Tx& tx, const AccountId& account, std::string_view permission) {
  tx.execute(insert_permission, account, permission);
}
bool remove_permission(sql::Tx& tx, const AccountId& account, std::string_view permission) {
  return tx.execute(delete_permission, account, permission) > 0;
}

std::map<std::string, std::optional<Time>> token_expiry_of(sql::Tx& tx, std::span<const AccountId> accounts) {
  static const sql::Batch batch("identity.token.last_expiry",
                                "SELECT account_id, MAX(expires_ms) FROM identity_token WHERE account_id IN (VALUES ",
                                {sql::Batch::Column::text}, ") GROUP BY account_id");
  std::vector<sql::Value> ids;
  for (const auto& account : accounts) ids.emplace_back(account.text());
  std::map<std::string, std::optional<Time>> found;
  for (const auto& row : batch.run(tx, ids)) found[row.text(0)] = row.maybe_time(1);
  return found;
}

std::vector<Entry> audit(sql::Tx& tx, const AuditFilter& filter, const std::optional<Entry>& after, std::size_t limit) {
  const std::int64_t at = after ? to_ms(after->event.at) : std::numeric_limits<std::int64_t>::max();
  const std::string id = after ? after->id : std::string();
  const std::int64_t since = filter.since ? to_ms(*filter.since) : 0;
  if (filter.account.empty()) return mapped(tx.query(page_of_all, at, id, since, limit), to_entry);
  return mapped(tx.query(page_of_one, at, id, since, limit, filter.account), to_entry);
}

UserNumbers user_numbers(sql::Tx& tx) {
  return to_numbers(tx.one(count_users));
}
std::vector<ModuleNumbers> module_numbers(sql::Tx& tx) {
  return mapped(tx.query(count_ways), [](const sql::Row& row) {
    return ModuleNumbers{.module = row.text(0),
                         .users = {.total = row.integer(1), .verified = row.integer(2), .active = row.integer(3)},
                         .exclusive = row.integer(4)};
  });
}

std::vector<ResourceNumbers> resource_numbers(sql::Tx& tx) {
  return mapped(tx.query(count_usage, quota::unlimited), [](const sql::Row& row) {
    return ResourceNumbers{.name = row.text(0),
                           .description = row.text(1),
                           .unit = row.text(2),
                           .used = joined(row.integer(3), row.integer(4)),
                           .allocated = row.integer(7) > 0 ? quota::unlimited : joined(row.integer(5), row.integer(6))};
  });
}

std::int64_t purge(sql::Tx& tx, Time now, std::size_t limit) {
  return identity::store::purge(tx, now, limit) + pages::store::purge(tx, now, limit) +
         oauth2::store::purge(tx, now, limit) + ways::store::purge(tx, now, limit);
}

bool administers(sql::Tx& tx, const AccountId& account) {
  return tx.maybe_one(administers_cloud, account, admin_role).has_value();
}

std::vector<AccountId> marked_administrators(sql::Tx& tx) {
  return mapped(tx.query(administrators), [](const sql::Row& row) { return AccountId(row.text(0)); });
}

}  // namespace nephele::identity::administration::store
