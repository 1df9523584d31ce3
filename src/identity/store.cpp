// SPDX-License-Identifier: Apache-2.0
#include "identity/store.h"

namespace nephele::identity::store {

namespace {

constexpr std::int64_t tidied_at_once = 100;  // keeps the transaction short after a long silence

namespace account_sql {
constexpr sql::Statement find{"identity.account.find", R"(
  SELECT id, name, admin, enabled, version, created_ms, password_hash
    FROM identity_account WHERE name_key = $1)"};
constexpr sql::Statement page{"identity.account.page", R"(
  SELECT id, name, admin, enabled, version, created_ms
    FROM identity_account WHERE name_key > $1 ORDER BY name_key LIMIT $2)"};
constexpr sql::Statement any{"identity.account.any", "SELECT 1 FROM identity_account LIMIT 1"};
constexpr sql::Statement insert{"identity.account.insert", R"(
  INSERT INTO identity_account (id, name, name_key, password_hash, admin, enabled, version, created_ms)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (name_key) DO NOTHING)"};
constexpr sql::Statement set_enabled{"identity.account.set_enabled", R"(
  UPDATE identity_account SET version = version + CASE WHEN enabled = $2 THEN 0 ELSE 1 END, enabled = $2
   WHERE name_key = $1 RETURNING id)"};
constexpr sql::Statement set_password{"identity.account.set_password", R"(
  UPDATE identity_account SET version = version + 1, password_hash = $2 WHERE name_key = $1 RETURNING id)"};
// A change of nothing: it takes the row's lock on both engines.
constexpr sql::Statement lock_enabled{"identity.account.lock_enabled", R"(
  UPDATE identity_account SET version = version WHERE id = $1 AND enabled = 1)"};
}  // namespace account_sql

namespace token_sql {
constexpr sql::Statement insert{"identity.token.insert", R"(
  INSERT INTO identity_token (id, account_id, token_hash, expires_ms) VALUES ($1, $2, $3, $4))"};
constexpr sql::Statement owner{"identity.token.owner", R"(
  SELECT a.id, a.name, a.admin, a.enabled, a.version, a.created_ms
    FROM identity_token t JOIN identity_account a ON a.id = t.account_id
   WHERE t.token_hash = $1 AND t.expires_ms > $2 AND a.enabled = 1)"};
constexpr sql::Statement remove{"identity.token.remove", "DELETE FROM identity_token WHERE id = $1"};
constexpr sql::Statement remove_of{"identity.token.remove_of", "DELETE FROM identity_token WHERE account_id = $1"};
constexpr sql::Statement remove_surplus{"identity.token.remove_surplus", R"(
  DELETE FROM identity_token WHERE id IN (
    SELECT id FROM identity_token WHERE account_id = $1 ORDER BY expires_ms DESC, id LIMIT $2 OFFSET $3))"};
constexpr sql::Statement remove_expired{"identity.token.remove_expired", R"(
  DELETE FROM identity_token WHERE id IN (
    SELECT id FROM identity_token WHERE expires_ms <= $1 ORDER BY expires_ms, id LIMIT $2))"};
}  // namespace token_sql

Account to_account(const sql::Row& row) {
  return {.id = AccountId(row.text(0)),
          .name = row.text(1),
          .admin = row.boolean(2),
          .enabled = row.boolean(3),
          .version = row.integer(4),
          .created = row.time(5)};
}

std::optional<AccountId> to_id(const std::optional<sql::Row>& row) {
  if (!row) return std::nullopt;
  return AccountId(row->text(0));
}

}  // namespace

std::optional<Stored> find(sql::Tx& tx, std::string_view key) {
  const auto row = tx.maybe_one(account_sql::find, key);
  if (!row) return std::nullopt;
  return Stored{.account = to_account(*row), .password_hash = row->text(6)};
}

std::vector<Account> page(sql::Tx& tx, std::string_view after, std::size_t limit) {
  std::vector<Account> accounts;
  for (const auto& row : tx.query(account_sql::page, after, limit)) accounts.push_back(to_account(row));
  return accounts;
}

bool any(sql::Tx& tx) {
  return tx.maybe_one(account_sql::any).has_value();
}

bool insert(sql::Tx& tx, const Account& account, std::string_view key, std::string_view password_hash) {
  return tx.execute(account_sql::insert, account.id, account.name, key, password_hash, account.admin, account.enabled,
                    account.version, account.created) == 1;
}

std::optional<AccountId> set_enabled(sql::Tx& tx, std::string_view key, bool enabled) {
  return to_id(tx.maybe_one(account_sql::set_enabled, key, enabled));
}

std::optional<AccountId> set_password(sql::Tx& tx, std::string_view key, std::string_view password_hash) {
  return to_id(tx.maybe_one(account_sql::set_password, key, password_hash));
}

bool lock_enabled(sql::Tx& tx, const AccountId& account) {
  return tx.execute(account_sql::lock_enabled, account) == 1;
}

void insert(sql::Tx& tx, const NewToken& token) {
  tx.execute(token_sql::insert, token.id, token.account, token.hash, token.expires);
}

std::optional<Account> owner(sql::Tx& tx, std::string_view token_hash, Time now) {
  const auto row = tx.maybe_one(token_sql::owner, token_hash, now);
  if (!row) return std::nullopt;
  return to_account(*row);
}

void remove(sql::Tx& tx, const TokenId& token) {
  tx.execute(token_sql::remove, token);
}

void remove_tokens_of(sql::Tx& tx, const AccountId& account) {
  tx.execute(token_sql::remove_of, account);
}

void tidy_tokens(sql::Tx& tx, const AccountId& account, std::size_t keep, Time now) {
  tx.execute(token_sql::remove_surplus, account, tidied_at_once, keep);
  tx.execute(token_sql::remove_expired, now, tidied_at_once);
}

}  // namespace nephele::identity::store
