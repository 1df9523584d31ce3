// SPDX-License-Identifier: Apache-2.0
#include "identity/life/store.h"

#include <map>

#include "base/secret.h"
#include "identity/store.h"
#include "sql/batch.h"
#include "sql/mapped.h"

namespace nephele::identity::life::store {

namespace {

using sql::mapped;

constexpr sql::Statement read_life{"identity.life.read", R"(
  SELECT enabled, email_verified, verified_ms, activation_sent_ms, approved_ms, moderated, moderated_ms, rejected,
         rejected_reason, accepted_policy, accepted_email, deactivated_reason, deactivated_ms, terms_id, terms_ms
    FROM identity_account WHERE id = $1)"};
constexpr sql::Statement own_projects{"identity.life.own_projects", R"(
  SELECT a.id FROM identity_account a JOIN identity_project p ON p.id = a.id WHERE a.id > $1 ORDER BY a.id LIMIT $2)"};
constexpr sql::Statement keep_life{"identity.life.keep", R"(
  UPDATE identity_account SET enabled = $2, email_verified = $3, verified_ms = $4, activation_sent_ms = $5,
         approved_ms = $6, moderated = $7, moderated_ms = $8, rejected = $9, rejected_reason = $10,
         accepted_policy = $11, accepted_email = $12, deactivated_reason = $13, deactivated_ms = $14, terms_id = $15,
         terms_ms = $16, version = version + 1, updated_ms = $17
   WHERE id = $1)"};
constexpr sql::Statement set_activation{"identity.life.set_activation", R"(
  UPDATE identity_account SET activation_hash = $2, activation_sent_ms = $3, activation_expires_ms = $4 WHERE id = $1)"};
constexpr sql::Statement by_activation{"identity.life.by_activation", R"(
  SELECT id FROM identity_account WHERE activation_hash = $1 AND activation_hash <> '' AND activation_expires_ms > $2)"};
constexpr sql::Statement clear_activation{"identity.life.clear_activation",
                                          "UPDATE identity_account SET activation_hash = '' WHERE id = $1"};
constexpr sql::Statement unverified{"identity.life.unverified", R"(
  SELECT id FROM identity_account WHERE email_key = $1 AND email_key <> '' AND email_verified = 0
  UNION SELECT id FROM identity_account WHERE name_key = $1 AND email_verified = 0)"};
constexpr sql::Statement latest_terms{"identity.terms.latest", R"(
  SELECT id, location, content, created_ms FROM identity_terms ORDER BY id DESC LIMIT 1)"};
constexpr sql::Statement find_terms{"identity.terms.find",
                                    "SELECT id, location, content, created_ms FROM identity_terms WHERE id = $1"};
constexpr sql::Statement not_agreed{"identity.terms.not_agreed", R"(
  SELECT 1 FROM identity_account WHERE id = $1 AND admin = 0 AND terms_id < (SELECT COALESCE(MAX(id), 0) FROM identity_terms))"};
constexpr sql::Statement add_terms{"identity.terms.insert", R"(
  INSERT INTO identity_terms (id, location, content, content_hash, created_ms)
  SELECT COALESCE(MAX(id), 0) + 1, CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS BIGINT)
    FROM identity_terms
  RETURNING id)"};
constexpr sql::Statement add_event{"identity.audit.insert", R"(
  INSERT INTO identity_audit (id, at_ms, account_id, actor, event, details) VALUES ($1, $2, $3, $4, $5, $6))"};
constexpr sql::Statement drop_sign_ins{"identity.audit.drop_sign_ins", R"(
  DELETE FROM identity_audit
   WHERE account_id = $1 AND event IN ('account.signed_in', 'account.sign_in_slowed')
     AND at_ms <= (SELECT at_ms FROM identity_audit
                    WHERE account_id = $1 AND event IN ('account.signed_in', 'account.sign_in_slowed')
                    ORDER BY at_ms DESC LIMIT 1 OFFSET $2))"};
constexpr sql::Statement events_of{"identity.audit.of_account", R"(
  SELECT at_ms, account_id, actor, event, details FROM identity_audit
   WHERE account_id = $1 ORDER BY at_ms DESC, id LIMIT $2)"};

Life to_life(const sql::Row& row) {
  return {.active = row.boolean(0),
          .email_verified = row.boolean(1),
          .verified = row.maybe_time(2),
          .activation_sent = row.maybe_time(3),
          .approved = row.maybe_time(4),
          .moderated = row.boolean(5),
          .moderated_at = row.maybe_time(6),
          .rejected = row.boolean(7),
          .rejected_reason = row.text(8),
          .accepted_policy = row.text(9),
          .accepted_email = row.text(10),
          .deactivated_reason = row.text(11),
          .deactivated = row.maybe_time(12),
          .terms = row.integer(13),
          .terms_at = row.maybe_time(14)};
}
AccountId to_id(const sql::Row& row) {
  return AccountId(row.text(0));
}
Terms to_terms(const sql::Row& row) {
  return {.id = row.integer(0), .location = row.text(1), .content = row.text(2), .created = row.time(3)};
}
AuditEvent to_event(const sql::Row& row) {
  return {
      .at = row.time(0), .account = row.text(1), .actor = row.text(2), .event = row.text(3), .details = row.text(4)};
}

}  // namespace

std::optional<Life> life(sql::Tx& tx, const AccountId& account) {
  return mapped(tx.maybe_one(read_life, account), to_life);
}

Page page(sql::Tx& tx, const AccountFilter& filter, std::int64_t after) {
  // Columns as in read_life, and the id behind them.
  static const sql::Batch lives_of(
      "identity.life.of_accounts",
      "SELECT enabled, email_verified, verified_ms, activation_sent_ms, approved_ms, moderated, moderated_ms, "
      "rejected, "
      "rejected_reason, accepted_policy, accepted_email, deactivated_reason, deactivated_ms, terms_id, terms_ms, id "
      "FROM identity_account WHERE id IN (VALUES ",
      {sql::Batch::Column::text}, ")");
  static const sql::Batch groups_of("identity.life.groups_of_accounts",
                                    "SELECT m.account_id, g.name FROM identity_group_member m "
                                    "JOIN identity_group g ON g.id = m.group_id WHERE m.account_id IN (VALUES ",
                                    {sql::Batch::Column::text}, ") ORDER BY g.name");
  auto accounts = identity::store::page(tx, filter, after);
  if (accounts.empty()) return {};
  std::vector<sql::Value> ids;
  for (const auto& account : accounts) ids.emplace_back(account.id.text());
  Page found{.rows = {}, .last = accounts.back().number};
  std::map<std::string, Life> lives;
  for (const auto& row : lives_of.run(tx, ids)) lives.emplace(row.text(15), to_life(row));
  std::map<std::string, std::vector<std::string>> groups;
  for (const auto& row : groups_of.run(tx, ids)) groups[row.text(0)].push_back(row.text(1));
  for (auto& account : accounts) {
    const std::string id = account.id.text();
    found.rows.push_back(
        {.account = std::move(account), .life = std::move(lives[id]), .groups = std::move(groups[id])});
  }
  return found;
}
std::vector<std::string> with_own_project(sql::Tx& tx, const std::string& after, std::size_t limit) {
  return mapped(tx.query(own_projects, after, limit), [](const sql::Row& row) { return row.text(0); });
}

void keep(sql::Tx& tx, const AccountId& account, const Life& life, Time now) {
  tx.execute(keep_life, account, life.active, life.email_verified, life.verified, life.activation_sent, life.approved,
             life.moderated, life.moderated_at, life.rejected, life.rejected_reason, life.accepted_policy,
             life.accepted_email, life.deactivated_reason, life.deactivated, life.terms, life.terms_at, now);
}

void keep_activation(sql::Tx& tx, const AccountId& account, std::string_view hash, Time sent, Time expires) {
  tx.execute(set_activation, account, hash, sent, expires);
}
std::optional<AccountId> account_with_activation(sql::Tx& tx, std::string_view hash, Time now) {
  return mapped(tx.maybe_one(by_activation, hash, now), to_id);
}
void forget_activation(sql::Tx& tx, const AccountId& account) {
  tx.execute(clear_activation, account);
}
bool remove_unverified(sql::Tx& tx, const AccountId& account) {
  if (!identity::store::find_to_change(tx, account)) return false;
  const auto now = life(tx, account);
  return now && !now->email_verified && identity::store::remove(tx, account);
}
std::vector<AccountId> unverified_with(sql::Tx& tx, std::string_view email_key) {
  return mapped(tx.query(unverified, email_key), to_id);
}

std::optional<Terms> terms(sql::Tx& tx) {
  return mapped(tx.maybe_one(latest_terms), to_terms);
}
std::optional<Terms> terms(sql::Tx& tx, std::int64_t id) {
  return mapped(tx.maybe_one(find_terms, id), to_terms);
}
bool must_agree(sql::Tx& tx, const AccountId& account) {
  return tx.maybe_one(not_agreed, account).has_value();
}

std::int64_t insert_terms(sql::Tx& tx, const std::string& location, const std::string& content, const std::string& hash,
                          Time now) {
  return tx.one(add_terms, location, content, hash, now).integer(0);
}

void insert(sql::Tx& tx, const AuditEvent& event) {
  tx.execute(add_event, random_uuid(), event.at, event.account, event.actor, event.event, event.details);
}
void insert_signed_in(sql::Tx& tx, const AccountId& account, std::string how, Time now) {
  insert(tx, {.at = now,
              .account = account.text(),
              .actor = account.text(),
              .event = "account.signed_in",
              .details = std::move(how)});
  tx.execute(drop_sign_ins, account, sign_ins_kept);
}
void insert_slowed(sql::Tx& tx, const AccountId& account, const std::string& remote, Time now) {
  insert(tx, {.at = now,
              .account = account.text(),
              .actor = remote,
              .event = "account.sign_in_slowed",
              .details = "wrong passwords from " + remote});
  tx.execute(drop_sign_ins, account, sign_ins_kept);
}
std::vector<AuditEvent> audit_of(sql::Tx& tx, const AccountId& account, std::size_t limit) {
  return mapped(tx.query(events_of, account, limit), to_event);
}

}  // namespace nephele::identity::life::store
