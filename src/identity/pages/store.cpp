// SPDX-License-Identifier: Apache-2.0
#include "identity/pages/store.h"

#include "identity/store.h"
#include "sql/mapped.h"

namespace nephele::identity::pages::store {

namespace {

using sql::mapped;

constexpr sql::Statement add_session{"identity.session.insert", R"(
  INSERT INTO identity_session (id, account_id, created_ms, expires_ms, seen_ms) VALUES ($1, $2, $3, $4, $3))"};
constexpr sql::Statement find_session{"identity.session.find", R"(
  SELECT s.account_id, s.created_ms, s.seen_ms
    FROM identity_session s JOIN identity_account a ON a.id = s.account_id JOIN identity_domain d ON d.id = a.domain_id
   WHERE s.id = $1 AND s.expires_ms > $2 AND s.seen_ms > $3 AND a.enabled = 1 AND d.enabled = 1)"};
constexpr sql::Statement touch{"identity.session.seen", "UPDATE identity_session SET seen_ms = $2 WHERE id = $1"};
constexpr sql::Statement remove_one{"identity.session.remove", "DELETE FROM identity_session WHERE id = $1"};
constexpr sql::Statement remove_but{"identity.session.remove_but",
                                    "DELETE FROM identity_session WHERE account_id = $1 AND id <> $2"};
constexpr sql::Statement count_of{"identity.session.count", R"(
  SELECT COUNT(*) FROM identity_session WHERE account_id = $1 AND expires_ms > $2 AND seen_ms > $3)"};
constexpr sql::Statement remove_surplus{"identity.session.remove_surplus", R"(
  DELETE FROM identity_session WHERE id IN (
    SELECT id FROM identity_session WHERE account_id = $1 ORDER BY created_ms DESC, id LIMIT $2 OFFSET $3))"};
constexpr sql::Statement remove_expired{"identity.session.remove_expired", R"(
  DELETE FROM identity_session WHERE id IN (
    SELECT id FROM identity_session WHERE expires_ms <= $1 ORDER BY expires_ms, id LIMIT $2))"};
constexpr sql::Statement set_last_login{"identity.session.last_login",
                                        "UPDATE identity_account SET last_login_ms = $2 WHERE id = $1"};
constexpr sql::Statement reset_time{"identity.reset.made",
                                    "SELECT created_ms FROM identity_password_reset WHERE account_id = $1"};
constexpr sql::Statement set_reset{"identity.reset.keep", R"(
  INSERT INTO identity_password_reset (account_id, code_hash, created_ms, expires_ms) VALUES ($1, $2, $3, $4)
  ON CONFLICT (account_id) DO UPDATE SET code_hash = excluded.code_hash, created_ms = excluded.created_ms,
         expires_ms = excluded.expires_ms)"};
constexpr sql::Statement find_reset{"identity.reset.find", R"(
  SELECT r.account_id FROM identity_password_reset r JOIN identity_account a ON a.id = r.account_id
   WHERE r.code_hash = $1 AND r.expires_ms > $2 AND a.enabled = 1 AND a.password_hash <> '')"};
constexpr sql::Statement use_reset{"identity.reset.take",
                                   "DELETE FROM identity_password_reset WHERE account_id = $1 AND code_hash = $2"};
constexpr sql::Statement remove_reset{"identity.reset.remove",
                                      "DELETE FROM identity_password_reset WHERE account_id = $1"};
constexpr sql::Statement find_change{"identity.email_change.find", R"(
  SELECT account_id, new_email, requested_ms, expires_ms FROM identity_email_change WHERE account_id = $1)"};
constexpr sql::Statement find_change_by_hash{"identity.email_change.by_hash", R"(
  SELECT account_id, new_email, requested_ms, expires_ms FROM identity_email_change WHERE code_hash = $1)"};
constexpr sql::Statement set_change{"identity.email_change.keep", R"(
  INSERT INTO identity_email_change (account_id, new_email, code_hash, requested_ms, expires_ms)
  VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (account_id) DO UPDATE SET new_email = excluded.new_email, code_hash = excluded.code_hash,
         requested_ms = excluded.requested_ms, expires_ms = excluded.expires_ms)"};
constexpr sql::Statement use_change{"identity.email_change.take",
                                    "DELETE FROM identity_email_change WHERE account_id = $1 AND code_hash = $2"};
constexpr sql::Statement remove_change{"identity.email_change.remove",
                                       "DELETE FROM identity_email_change WHERE account_id = $1"};
constexpr sql::Statement expired_resets{"identity.reset.remove_expired", R"(
  DELETE FROM identity_password_reset WHERE account_id IN (
    SELECT account_id FROM identity_password_reset WHERE expires_ms <= $1 LIMIT $2))"};
constexpr sql::Statement expired_changes{"identity.email_change.remove_expired", R"(
  DELETE FROM identity_email_change WHERE account_id IN (
    SELECT account_id FROM identity_email_change WHERE expires_ms <= $1 LIMIT $2))"};
constexpr sql::Statement read_profile{"identity.pages.profile_seen",
                                      "SELECT 1 FROM identity_account WHERE id = $1 AND profile_seen_ms IS NOT NULL"};
constexpr sql::Statement set_profile{
    "identity.pages.note_profile",
    "UPDATE identity_account SET profile_seen_ms = $2 WHERE id = $1 AND profile_seen_ms IS NULL"};
constexpr sql::Statement terms_id{"identity.pages.terms_id", "SELECT COALESCE(MAX(id), 0) FROM identity_terms"};
constexpr sql::Statement by_email{"identity.pages.by_email",
                                  "SELECT id FROM identity_account WHERE email_key = $1 AND email_key <> ''"};

constexpr std::int64_t tidied_at_once = 100;  // keeps the transaction short after a long silence

AccountId to_id(const sql::Row& row) {
  return AccountId(row.text(0));
}

}  // namespace

void insert_session(sql::Tx& tx, const SessionId& id, const AccountId& account, Time now, Time expires) {
  tx.execute(add_session, id, account, now, expires);
}

std::optional<Session> session(sql::Tx& tx, const SessionId& id, Time now, std::chrono::milliseconds idle) {
  const auto row = tx.maybe_one(find_session, id, now, now - idle);
  if (!row) return std::nullopt;
  const AccountId account(row->text(0));
  auto stored = identity::store::find(tx, account);
  auto life = life::store::life(tx, account);
  if (!stored || !life) return std::nullopt;
  return Session{.id = id,
                 .account = std::move(stored->account),
                 .life = std::move(*life),
                 .created = row->time(1),
                 .seen = row->time(2)};
}

void seen(sql::Tx& tx, const SessionId& id, Time now) {
  tx.execute(touch, id, now);
}
void remove_session(sql::Tx& tx, const SessionId& id) {
  tx.execute(remove_one, id);
}
std::int64_t remove_sessions(sql::Tx& tx, const AccountId& account, const SessionId& but) {
  return tx.execute(remove_but, account, but);
}
std::int64_t count_sessions(sql::Tx& tx, const AccountId& account, Time now, std::chrono::milliseconds idle) {
  return tx.one(count_of, account, now, now - idle).integer(0);
}
std::int64_t purge(sql::Tx& tx, Time now, std::size_t limit) {
  std::int64_t gone = 0;
  for (const auto& statement : {remove_expired, expired_resets, expired_changes})
    gone += tx.execute(statement, now, limit);
  return gone;
}
void tidy_sessions(sql::Tx& tx, const AccountId& account, std::size_t keep, Time now) {
  tx.execute(remove_surplus, account, tidied_at_once, keep);
  tx.execute(remove_expired, now, tidied_at_once);
}
void note_login(sql::Tx& tx, const AccountId& account, Time now) {
  tx.execute(set_last_login, account, now);
}

std::optional<Time> reset_made(sql::Tx& tx, const AccountId& account) {
  return mapped(tx.maybe_one(reset_time, account), [](const sql::Row& row) { return row.time(0); });
}
void keep_reset(sql::Tx& tx, const AccountId& account, std::string_view hash, Time now, Time expires) {
  tx.execute(set_reset, account, hash, now, expires);
}
std::optional<AccountId> account_with_reset(sql::Tx& tx, std::string_view hash, Time now) {
  return mapped(tx.maybe_one(find_reset, hash, now), to_id);
}
bool take_reset(sql::Tx& tx, const AccountId& account, std::string_view hash) {
  return tx.execute(use_reset, account, hash) == 1;
}
void forget_reset(sql::Tx& tx, const AccountId& account) {
  tx.execute(remove_reset, account);
}

namespace {

EmailChange to_change(const sql::Row& row) {
  return {.account = AccountId(row.text(0)), .email = row.text(1), .requested = row.time(2), .expires = row.time(3)};
}

}  // namespace

std::optional<EmailChange> email_change(sql::Tx& tx, const AccountId& account) {
  return mapped(tx.maybe_one(find_change, account), to_change);
}
std::optional<EmailChange> email_change_with(sql::Tx& tx, std::string_view hash) {
  return mapped(tx.maybe_one(find_change_by_hash, hash), to_change);
}
void keep_email_change(sql::Tx& tx, const EmailChange& change, std::string_view hash) {
  tx.execute(set_change, change.account, change.email, hash, change.requested, change.expires);
}
bool take_email_change(sql::Tx& tx, const AccountId& account, std::string_view hash) {
  return tx.execute(use_change, account, hash) == 1;
}
void forget_email_change(sql::Tx& tx, const AccountId& account) {
  tx.execute(remove_change, account);
}

bool profile_seen(sql::Tx& tx, const AccountId& account) {
  return tx.maybe_one(read_profile, account).has_value();
}
void note_profile(sql::Tx& tx, const AccountId& account, Time now) {
  tx.execute(set_profile, account, now);
}

std::int64_t latest_terms(sql::Tx& tx) {
  return tx.one(terms_id).integer(0);
}
std::optional<AccountId> account_by_email(sql::Tx& tx, std::string_view email_key) {
  return mapped(tx.maybe_one(by_email, email_key), to_id);
}

}  // namespace nephele::identity::pages::store
