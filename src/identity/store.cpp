// SPDX-License-Identifier: Apache-2.0
#include "identity/store.h"

#include <charconv>

#include "identity/account_name.h"
#include "identity/directory/store.h"
#include "identity/projects/store.h"
#include "sql/mapped.h"

namespace nephele::identity::store {

namespace {

using sql::mapped;

constexpr sql::Statement find_by_key{"identity.account.find", R"(
  SELECT id, name, admin, enabled, version, created_ms, number, domain_id, email, first_name, last_name, description,
         default_project, updated_ms, last_login_ms, password_hash
    FROM identity_account WHERE name_key = $1)"};
constexpr sql::Statement find_by_id{"identity.account.find_id", R"(
  SELECT id, name, admin, enabled, version, created_ms, number, domain_id, email, first_name, last_name, description,
         default_project, updated_ms, last_login_ms, password_hash
    FROM identity_account WHERE id = $1)"};
constexpr sql::Statement find_by_email{"identity.account.find_email", R"(
  SELECT id, name, admin, enabled, version, created_ms, number, domain_id, email, first_name, last_name, description,
         default_project, updated_ms, last_login_ms
    FROM identity_account WHERE email_key = $1 AND email_key <> '' AND number > $2)"};
constexpr sql::Statement page_narrowed{"identity.account.page_narrowed", R"(
  SELECT id, name, admin, enabled, version, created_ms, number, domain_id, email, first_name, last_name, description,
         default_project, updated_ms, last_login_ms
    FROM identity_account
   WHERE number > $1 AND (CAST($2 AS BIGINT) < 0 OR enabled = $2) ORDER BY number LIMIT $3)"};
constexpr sql::Statement page_in_domain{"identity.account.page_in_domain", R"(
  SELECT id, name, admin, enabled, version, created_ms, number, domain_id, email, first_name, last_name, description,
         default_project, updated_ms, last_login_ms
    FROM identity_account
   WHERE domain_id = $2 AND number > $1 AND (CAST($3 AS BIGINT) < 0 OR enabled = $3) ORDER BY number LIMIT $4)"};
constexpr sql::Statement page_named{"identity.account.page_named", R"(
  SELECT id, name, admin, enabled, version, created_ms, number, domain_id, email, first_name, last_name, description,
         default_project, updated_ms, last_login_ms
    FROM identity_account WHERE number > $2 AND name_key IN (
      SELECT $1 UNION SELECT id || CAST($4 AS TEXT) || $1 FROM identity_domain)
     AND (CAST($5 AS TEXT) = '' OR domain_id = $5) AND (CAST($6 AS BIGINT) < 0 OR enabled = $6)
   ORDER BY number LIMIT $3)"};
constexpr sql::Statement members_of{"identity.account.members", R"(
  SELECT a.id, a.name, a.admin, a.enabled, a.version, a.created_ms, a.number, a.domain_id, a.email,
         a.first_name, a.last_name, a.description, a.default_project, a.updated_ms, a.last_login_ms
    FROM identity_group_member m JOIN identity_account a ON a.id = m.account_id WHERE m.group_id = $1
   ORDER BY a.name_key)"};
constexpr sql::Statement read_key{"identity.account.key", "SELECT name_key FROM identity_account WHERE id = $1"};
constexpr sql::Statement read_number{"identity.account.number", "SELECT number FROM identity_account WHERE id = $1"};
constexpr sql::Statement id_by_number{"identity.account.by_number",
                                      "SELECT id FROM identity_account WHERE number = $1"};
constexpr sql::Statement read_any{"identity.account.any", "SELECT 1 FROM identity_account LIMIT 1"};
constexpr sql::Statement email_taken{
    "identity.account.email_taken",
    "SELECT 1 FROM identity_account WHERE email_key = $1 AND email_key <> '' AND id <> $2"};
constexpr sql::Statement email_same{"identity.account.email_same",
                                    "SELECT 1 FROM identity_account WHERE id = $1 AND email_key = $2"};
constexpr sql::Statement end_activation{"identity.account.end_activation",
                                        "UPDATE identity_account SET activation_hash = '' WHERE id = $1"};
constexpr sql::Statement name_taken{"identity.account.name_taken",
                                    "SELECT 1 FROM identity_account WHERE name_key = $1 AND id <> $2"};
constexpr sql::Statement next_number{
    "identity.account.next_number",
    "UPDATE identity_counter SET value = value + 1 WHERE name = 'account' RETURNING value"};
constexpr sql::Statement insert_row{"identity.account.insert", R"(
  INSERT INTO identity_account (id, name, name_key, password_hash, admin, enabled, version, created_ms, number,
         domain_id, email, email_key, first_name, last_name, description, default_project, updated_ms,
         hash_sha1, hash_sha256)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
  ON CONFLICT DO NOTHING)"};
constexpr sql::Statement update_row{"identity.account.update", R"(
  UPDATE identity_account SET name = $2, name_key = $3, admin = $4, enabled = $5, version = $6, email = $7,
         email_key = $8, first_name = $9, last_name = $10, description = $11, default_project = $12, updated_ms = $13
   WHERE id = $1)"};
constexpr sql::Statement password_by_id{"identity.account.password", R"(
  UPDATE identity_account SET password_hash = $2, hash_sha1 = $3, hash_sha256 = $4 WHERE id = $1)"};
constexpr sql::Statement better_hash{"identity.account.better_hash", R"(
  UPDATE identity_account SET password_hash = $3, hash_sha1 = 0, hash_sha256 = 0 WHERE id = $1 AND password_hash = $2)"};
// Each by an index of those alone that have such a hash: mostly nothing.
constexpr sql::Statement read_dearest{"identity.account.dearest", R"(
  SELECT (SELECT hash_sha1 FROM identity_account WHERE hash_sha1 > 0 ORDER BY hash_sha1 DESC LIMIT 1),
         (SELECT hash_sha256 FROM identity_account WHERE hash_sha256 > 0 ORDER BY hash_sha256 DESC LIMIT 1))"};
// A password is the way to sign in that is called local: both are written together.
constexpr sql::Statement add_local_way{"identity.way.add_local", R"(
  INSERT INTO identity_way (id, account_id, module, identifier, affiliation, active, info, created_ms)
  SELECT id || '-local', id, 'local', '', '', 1, '{}', updated_ms FROM identity_account
   WHERE id = $1 AND password_hash <> ''
  ON CONFLICT DO NOTHING)"};
constexpr sql::Statement drop_local_way{"identity.way.drop_local",
                                        "DELETE FROM identity_way WHERE account_id = $1 AND module = 'local'"};
constexpr sql::Statement remove_row{"identity.account.remove", "DELETE FROM identity_account WHERE id = $1"};
constexpr sql::Statement password_by_key{"identity.account.set_password", R"(
  UPDATE identity_account SET version = version + 1, password_hash = $2, hash_sha1 = $3, hash_sha256 = $4
   WHERE name_key = $1 RETURNING id)"};
constexpr sql::Statement forget_project{"identity.account.forget_project", R"(
  UPDATE identity_account SET default_project = '', version = version + 1
   WHERE default_project = $1 AND default_project <> '')"};
constexpr sql::Statement lock_any{"identity.account.lock",
                                  "UPDATE identity_account SET version = version WHERE id = $1"};
// A change of nothing: it takes the row's lock on both engines.
constexpr sql::Statement lock_row{"identity.account.lock_enabled", R"(
  UPDATE identity_account SET version = version WHERE id = $1 AND enabled = 1)"};

namespace token_sql {
constexpr sql::Statement insert{"identity.token.insert", R"(
  INSERT INTO identity_token (id, account_id, token_hash, issued_ms, expires_ms, methods, scope_kind, scope_id,
         credential_id, parent_id)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10))"};
constexpr sql::Statement find{"identity.token.find", R"(
  SELECT a.id, a.name, a.admin, a.enabled, a.version, a.created_ms, a.number, a.domain_id, a.email,
         a.first_name, a.last_name, a.description, a.default_project, a.updated_ms, a.last_login_ms,
         t.id, t.issued_ms, t.expires_ms, t.methods, t.scope_kind, t.scope_id, t.credential_id, t.parent_id
    FROM identity_token t JOIN identity_account a ON a.id = t.account_id JOIN identity_domain d ON d.id = a.domain_id
   WHERE t.token_hash = $1 AND t.expires_ms > $2 AND a.enabled = 1 AND d.enabled = 1)"};
constexpr sql::Statement sight{"identity.token.sight", R"(
  SELECT t.id, a.version, c.value
    FROM identity_token t JOIN identity_account a ON a.id = t.account_id JOIN identity_counter c ON c.name = 'directory'
   WHERE t.token_hash = $1 AND t.expires_ms > $2 AND a.enabled = 1)"};
constexpr sql::Statement is_there{"identity.token.is_there", "SELECT 1 FROM identity_token WHERE id = $1"};
constexpr sql::Statement remove{"identity.token.remove", "DELETE FROM identity_token WHERE id = $1"};
constexpr sql::Statement remove_of{"identity.token.remove_of", "DELETE FROM identity_token WHERE account_id = $1"};
// Sessions of the pages and links for a new password let their owner in as tokens do.
constexpr sql::Statement end_sessions{"identity.session.remove_of",
                                      "DELETE FROM identity_session WHERE account_id = $1"};
constexpr sql::Statement end_resets{"identity.reset.remove_of",
                                    "DELETE FROM identity_password_reset WHERE account_id = $1"};
constexpr sql::Statement end_wish{"identity.email_change.remove_of",
                                  "DELETE FROM identity_email_change WHERE account_id = $1"};
constexpr sql::Statement end_codes{"identity.oauth2.end_codes",
                                   "DELETE FROM identity_oauth2_code WHERE account_id = $1"};
constexpr sql::Statement end_access{"identity.oauth2.end_access",
                                    "DELETE FROM identity_oauth2_token WHERE account_id = $1"};
constexpr sql::Statement end_sessions_within{"identity.session.remove_within", R"(
  DELETE FROM identity_session WHERE account_id IN (SELECT id FROM identity_account WHERE domain_id = $1))"};
constexpr sql::Statement remove_for{"identity.token.remove_for",
                                    "DELETE FROM identity_token WHERE scope_kind = $1 AND scope_id = $2"};
constexpr sql::Statement remove_by{"identity.token.remove_by",
                                   "DELETE FROM identity_token WHERE credential_id = $1 AND credential_id <> ''"};
constexpr sql::Statement remove_within{"identity.token.remove_within", R"(
  DELETE FROM identity_token WHERE id IN (
    SELECT t.id FROM identity_account a JOIN identity_token t ON t.account_id = a.id WHERE a.domain_id = $1
    UNION SELECT t.id FROM identity_project p JOIN identity_token t ON t.scope_kind = 'project' AND t.scope_id = p.id
           WHERE p.domain_id = $1
    UNION SELECT id FROM identity_token WHERE scope_kind = 'domain' AND scope_id = $1))"};
constexpr sql::Statement remove_surplus{"identity.token.remove_surplus", R"(
  DELETE FROM identity_token WHERE id IN (
    SELECT id FROM identity_token WHERE account_id = $1 ORDER BY expires_ms DESC, id LIMIT $2 OFFSET $3))"};
constexpr sql::Statement remove_expired{"identity.token.remove_expired", R"(
  DELETE FROM identity_token WHERE id IN (
    SELECT id FROM identity_token WHERE expires_ms <= $1 ORDER BY expires_ms, id LIMIT $2))"};
}  // namespace token_sql

constexpr std::size_t tidied_at_once = 100;  // keeps the transaction short after a long silence
constexpr std::size_t account_columns = 15;

Account to_account(const sql::Row& row) {
  return {.id = AccountId(row.text(0)),
          .name = row.text(1),
          .admin = row.boolean(2),
          .enabled = row.boolean(3),
          .version = row.integer(4),
          .created = row.time(5),
          .number = row.integer(6),
          .domain = DomainId(row.text(7)),
          .email = row.text(8),
          .first_name = row.text(9),
          .last_name = row.text(10),
          .description = row.text(11),
          .default_project = ProjectId(row.text(12)),
          .updated = row.time(13),
          .last_login = row.maybe_time(14)};
}
Stored to_stored(const sql::Row& row) {
  return {.account = to_account(row), .password_hash = row.text(account_columns)};
}
AccountId to_id(const sql::Row& row) {
  return AccountId(row.text(0));
}

Token to_token(const sql::Row& row) {
  constexpr auto at = account_columns;
  Token token{.id = TokenId(row.text(at)),
              .account = to_account(row),
              .issued = row.time(at + 1),
              .expires = row.time(at + 2),
              .grant = {.methods = row.text(at + 3),
                        .scope = {},
                        .credential = CredentialId(row.text(at + 6)),
                        .expires = {},
                        .parent = row.text(at + 7)}};
  if (!row.text(at + 4).empty()) token.grant.scope = Target{target_kind(row.text(at + 4)), row.text(at + 5)};
  return token;
}

}  // namespace

std::optional<Stored> find(sql::Tx& tx, std::string_view key) {
  return mapped(tx.maybe_one(find_by_key, key), to_stored);
}
std::optional<Stored> find(sql::Tx& tx, const AccountId& id) {
  return mapped(tx.maybe_one(find_by_id, id), to_stored);
}

std::optional<Stored> find_to_change(sql::Tx& tx, const AccountId& id) {
  tx.execute(lock_any, id);
  return find(tx, id);
}

std::vector<Account> page(sql::Tx& tx, const AccountFilter& filter, std::int64_t after) {
  const int enabled = filter.enabled ? (*filter.enabled ? 1 : 0) : -1;
  if (!filter.email.empty()) {
    auto one = mapped(tx.query(find_by_email, filter.email, after), to_account);
    std::erase_if(one, [&](const Account& account) {
      return (!filter.domain.empty() && account.domain.text() != filter.domain) ||
             (filter.enabled && account.enabled != *filter.enabled) ||
             (!filter.name.empty() && name_key(account.name) != filter.name);
    });
    return one;
  }
  if (!filter.name.empty())
    return mapped(tx.query(page_named, filter.name, after, filter.limit, domain_mark, filter.domain, enabled),
                  to_account);
  if (!filter.domain.empty())
    return mapped(tx.query(page_in_domain, after, filter.domain, enabled, filter.limit), to_account);
  return mapped(tx.query(page_narrowed, after, enabled, filter.limit), to_account);
}

std::vector<Account> members(sql::Tx& tx, const GroupId& group) {
  return mapped(tx.query(members_of, group), to_account);
}

std::optional<Account> meant(sql::Tx& tx, const std::string& who) {
  if (auto found = find(tx, AccountId(who))) return std::move(found->account);
  const auto key = name_key(who);
  if (!key) return std::nullopt;
  if (auto found = page(tx, AccountFilter{.email = *key, .limit = 1}, 0); !found.empty())
    return std::move(found.front());
  if (auto found = find(tx, *key)) return std::move(found->account);
  return std::nullopt;
}

std::optional<Account> meant_by_administrator(sql::Tx& tx, const std::string& who) {
  std::int64_t number = 0;
  const char* const end = who.data() + who.size();
  if (const auto [stop, wrong] = std::from_chars(who.data(), end, number); wrong == std::errc{} && stop == end)
    if (const auto id = id_of_number(tx, number))
      if (auto found = find(tx, *id)) return std::move(found->account);
  return meant(tx, who);
}

std::optional<AccountId> id_of_number(sql::Tx& tx, std::int64_t number) {
  return mapped(tx.maybe_one(id_by_number, number), to_id);
}

std::optional<std::string> key_of(sql::Tx& tx, const AccountId& id) {
  return mapped(tx.maybe_one(read_key, id), [](const sql::Row& row) { return row.text(0); });
}

std::optional<std::int64_t> number_of(sql::Tx& tx, const AccountId& id) {
  return mapped(tx.maybe_one(read_number, id), [](const sql::Row& row) { return row.integer(0); });
}

bool any(sql::Tx& tx) {
  return tx.maybe_one(read_any).has_value();
}

DjangoWork dearest(sql::Tx& tx) {
  const auto row = tx.one(read_dearest);
  return {.sha1 = static_cast<int>(row.maybe_integer(0).value_or(0)),
          .sha256 = static_cast<int>(row.maybe_integer(1).value_or(0))};
}

namespace {

void keep_local_way(sql::Tx& tx, const AccountId& account, bool password) {
  tx.execute(password ? add_local_way : drop_local_way, account);
  if (!password) tx.execute(token_sql::end_resets, account);
}

}  // namespace

Written insert(sql::Tx& tx, Account& account, const Keys& keys, std::string_view password_hash) {
  account.number = tx.one(next_number).integer(0);
  const auto work = work_of(password_hash);
  if (tx.execute(insert_row, account.id, account.name, keys.name, password_hash, account.admin, account.enabled,
                 account.version, account.created, account.number, account.domain, account.email, keys.email,
                 account.first_name, account.last_name, account.description, account.default_project, account.updated,
                 work.sha1, work.sha256) == 1) {
    if (!password_hash.empty()) keep_local_way(tx, account.id, true);
    return Written::done;
  }
  return tx.maybe_one(name_taken, keys.name, account.id) ? Written::name_taken : Written::email_taken;
}

Written update(sql::Tx& tx, const Account& account, const Keys& keys) {
  if (tx.maybe_one(name_taken, keys.name, account.id)) return Written::name_taken;
  if (tx.maybe_one(email_taken, keys.email, account.id)) return Written::email_taken;
  if (!tx.maybe_one(email_same, account.id, keys.email)) {
    tx.execute(end_activation, account.id);
    tx.execute(token_sql::end_resets, account.id);
    tx.execute(token_sql::end_wish, account.id);
  }
  tx.execute(update_row, account.id, account.name, keys.name, account.admin, account.enabled, account.version,
             account.email, keys.email, account.first_name, account.last_name, account.description,
             account.default_project, account.updated);
  return Written::done;
}

void set_password(sql::Tx& tx, const AccountId& account, std::string_view password_hash) {
  const auto work = work_of(password_hash);
  tx.execute(password_by_id, account, password_hash, work.sha1, work.sha256);
  keep_local_way(tx, account, !password_hash.empty());
}

bool remove(sql::Tx& tx, const AccountId& account) {
  tx.execute(lock_any, account);
  projects::store::forget_account(tx, account);
  if (const ProjectId own(account.text()); !directory::store::has_children(tx, own)) {
    const Target target{TargetKind::project, own.text()};
    directory::store::forget_target(tx, target);
    remove_tokens_for(tx, target);
    directory::store::remove(tx, own);
  }
  directory::store::forget_actor(tx, {ActorKind::user, account.text()});
  remove_tokens_of(tx, account);
  return tx.execute(remove_row, account) == 1;
}

std::optional<AccountId> set_password(sql::Tx& tx, std::string_view key, std::string_view password_hash) {
  const auto work = work_of(password_hash);
  auto account = mapped(tx.maybe_one(password_by_key, key, password_hash, work.sha1, work.sha256), to_id);
  if (account) keep_local_way(tx, *account, !password_hash.empty());
  return account;
}

std::optional<Account> replace_password(sql::Tx& tx, const AccountId& id, std::string_view password_hash) {
  const auto key = key_of(tx, id);
  if (!key || !set_password(tx, *key, password_hash)) return std::nullopt;
  return find(tx, id)->account;
}

bool lock_enabled(sql::Tx& tx, const AccountId& account) {
  return tx.execute(lock_row, account) == 1;
}

void insert(sql::Tx& tx, const NewToken& token) {
  const auto& scope = token.grant.scope;
  tx.execute(token_sql::insert, token.id, token.account, token.hash, token.issued, token.expires, token.grant.methods,
             scope ? to_string(scope->kind) : "", scope ? scope->id : "", token.grant.credential, token.grant.parent);
}

std::optional<Sight> sight(sql::Tx& tx, std::string_view token_hash, Time now) {
  return mapped(tx.maybe_one(token_sql::sight, token_hash, now), [](const sql::Row& row) {
    return Sight{.token = TokenId(row.text(0)), .account_version = row.integer(1), .directory_version = row.integer(2)};
  });
}

std::optional<Token> token(sql::Tx& tx, std::string_view token_hash, Time now) {
  return mapped(tx.maybe_one(token_sql::find, token_hash, now), to_token);
}

void remove(sql::Tx& tx, const TokenId& token) {
  tx.execute(token_sql::remove, token);
}

void remove_tokens_of(sql::Tx& tx, const AccountId& account) {
  renew_tokens_of(tx, account);
  end_sessions_of(tx, account);
}

void renew_tokens_of(sql::Tx& tx, const AccountId& account) {
  tx.execute(token_sql::remove_of, account);
  end_oauth2_of(tx, account);
}

void upgrade_password(sql::Tx& tx, const AccountId& account, std::string_view judged, std::string_view hash) {
  tx.execute(better_hash, account, judged, hash);
}

bool token_is_there(sql::Tx& tx, const TokenId& token) {
  return tx.maybe_one(token_sql::is_there, token).has_value();
}

void end_oauth2_of(sql::Tx& tx, const AccountId& account) {
  tx.execute(token_sql::end_codes, account);
  tx.execute(token_sql::end_access, account);
}

void end_sessions_of(sql::Tx& tx, const AccountId& account) {
  tx.execute(token_sql::end_sessions, account);
  tx.execute(token_sql::end_resets, account);
  tx.execute(token_sql::end_wish, account);
}

void remove_tokens_for(sql::Tx& tx, const Target& scope) {
  tx.execute(token_sql::remove_for, to_string(scope.kind), scope.id);
}

void remove_tokens_by(sql::Tx& tx, const CredentialId& credential) {
  tx.execute(token_sql::remove_by, credential);
}

void remove_tokens_within(sql::Tx& tx, const DomainId& domain) {
  tx.execute(token_sql::remove_within, domain);
  tx.execute(token_sql::end_sessions_within, domain);
}

void forget_default_project(sql::Tx& tx, const ProjectId& project) {
  tx.execute(forget_project, project);
}

std::int64_t purge(sql::Tx& tx, Time now, std::size_t limit) {
  return tx.execute(token_sql::remove_expired, now, limit);
}

void tidy_tokens(sql::Tx& tx, const AccountId& account, std::size_t keep, Time now) {
  tx.execute(token_sql::remove_surplus, account, tidied_at_once, keep);
  (void)purge(tx, now, tidied_at_once);
}

}  // namespace nephele::identity::store
