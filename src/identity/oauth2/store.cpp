// SPDX-License-Identifier: Apache-2.0
#include "identity/oauth2/store.h"

#include "sql/mapped.h"

namespace nephele::identity::oauth2::store {

namespace {

using sql::mapped;

constexpr sql::Statement next_id{
    "identity.oauth2.next_id",
    "UPDATE identity_counter SET value = value + 1 WHERE name = 'oauth2_client' RETURNING value"};
constexpr sql::Statement add_client{"identity.oauth2.add_client", R"(
  INSERT INTO identity_oauth2_client (id, identifier, secret_hash, kind, trusted, created_ms)
  VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING)"};
constexpr sql::Statement add_redirect{
    "identity.oauth2.add_redirect",
    "INSERT INTO identity_oauth2_redirect (client_id, url) VALUES ($1, $2) ON CONFLICT DO NOTHING"};
constexpr sql::Statement all_clients{"identity.oauth2.clients", R"(
  SELECT id, identifier, kind, trusted, created_ms, secret_hash FROM identity_oauth2_client ORDER BY id)"};
constexpr sql::Statement find_client{"identity.oauth2.client", R"(
  SELECT id, identifier, kind, trusted, created_ms, secret_hash FROM identity_oauth2_client WHERE identifier = $1)"};
constexpr sql::Statement redirects_of{"identity.oauth2.redirects",
                                      "SELECT url FROM identity_oauth2_redirect WHERE client_id = $1 ORDER BY url"};
constexpr sql::Statement remove_client{"identity.oauth2.remove",
                                       "DELETE FROM identity_oauth2_client WHERE identifier = $1"};
constexpr sql::Statement remove_client_by_id{"identity.oauth2.remove_by_id",
                                             "DELETE FROM identity_oauth2_client WHERE CAST(id AS TEXT) = $1"};
constexpr sql::Statement add_code{"identity.oauth2.add_code", R"(
  INSERT INTO identity_oauth2_code (code_hash, client_id, account_id, redirect_uri, redirect_given, scope, challenge,
         expires_ms)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8))"};
constexpr sql::Statement use_code{"identity.oauth2.take_code", R"(
  UPDATE identity_oauth2_code SET used = used + 1 WHERE code_hash = $1
  RETURNING client_id, account_id, redirect_uri, redirect_given, scope, challenge, expires_ms, used)"};
constexpr sql::Statement add_token{"identity.oauth2.add_token", R"(
  INSERT INTO identity_oauth2_token (token_hash, code_hash, client_id, account_id, scope, expires_ms)
  VALUES ($1, $2, $3, $4, $5, $6))"};
constexpr sql::Statement find_token{"identity.oauth2.token", R"(
  SELECT t.client_id, t.account_id, t.scope, t.expires_ms
    FROM identity_oauth2_token t JOIN identity_account a ON a.id = t.account_id JOIN identity_domain d ON d.id = a.domain_id
   WHERE t.token_hash = $1 AND t.expires_ms > $2 AND a.enabled = 1 AND d.enabled = 1)"};
constexpr sql::Statement remove_from{"identity.oauth2.remove_from",
                                     "DELETE FROM identity_oauth2_token WHERE code_hash = $1"};
constexpr sql::Statement tidy_codes{"identity.oauth2.tidy_codes", R"(
  DELETE FROM identity_oauth2_code WHERE code_hash IN (
    SELECT code_hash FROM identity_oauth2_code WHERE expires_ms <= $1 ORDER BY expires_ms, code_hash LIMIT $2))"};
constexpr sql::Statement tidy_tokens{"identity.oauth2.tidy_tokens", R"(
  DELETE FROM identity_oauth2_token WHERE token_hash IN (
    SELECT token_hash FROM identity_oauth2_token WHERE expires_ms <= $1 ORDER BY expires_ms, token_hash LIMIT $2))"};

constexpr std::size_t tidied_at_once = 100;
constexpr std::chrono::hours used_known_for{24};  // so that a code that comes twice is seen to

constexpr std::string_view confidential = "confidential", open = "public";

StoredClient to_client(sql::Tx& tx, const sql::Row& row) {
  Client client{.id = row.integer(0),
                .identifier = row.text(1),
                .confidential = row.text(2) == confidential,
                .trusted = row.boolean(3),
                .redirects = {},
                .created = row.time(4)};
  client.redirects = mapped(tx.query(redirects_of, client.id), [](const sql::Row& each) { return each.text(0); });
  return {.client = std::move(client), .secret_hash = row.text(5)};
}

}  // namespace

bool insert(sql::Tx& tx, Client& client, std::string_view secret_hash) {
  client.id = tx.one(next_id).integer(0);
  if (tx.execute(add_client, client.id, client.identifier, secret_hash, client.confidential ? confidential : open,
                 client.trusted, client.created) != 1)
    return false;
  for (const auto& url : client.redirects) tx.execute(add_redirect, client.id, url);
  return true;
}

std::vector<Client> clients(sql::Tx& tx) {
  std::vector<Client> all;
  for (const auto& row : tx.query(all_clients)) all.push_back(to_client(tx, row).client);
  return all;
}

std::optional<StoredClient> client(sql::Tx& tx, std::string_view identifier) {
  const auto row = tx.maybe_one(find_client, identifier);
  return row ? std::optional(to_client(tx, *row)) : std::nullopt;
}

bool remove(sql::Tx& tx, std::string_view identifier) {
  return tx.execute(remove_client, identifier) == 1 || tx.execute(remove_client_by_id, identifier) == 1;
}

void insert(sql::Tx& tx, const Code& code, std::string_view hash) {
  tx.execute(add_code, hash, code.client, code.account, code.redirect_uri, code.redirect_given, code.scope,
             code.challenge, code.expires);
}

std::optional<Taken> take_code(sql::Tx& tx, std::string_view hash) {
  return mapped(tx.maybe_one(use_code, hash), [](const sql::Row& row) {
    return Taken{.code = {.client = row.integer(0),
                          .account = AccountId(row.text(1)),
                          .redirect_uri = row.text(2),
                          .redirect_given = row.boolean(3),
                          .scope = row.text(4),
                          .challenge = row.text(5),
                          .expires = row.time(6)},
                 .first = row.integer(7) == 1};
  });
}

void insert(sql::Tx& tx, const AccessToken& token, std::string_view hash, std::string_view code_hash) {
  tx.execute(add_token, hash, code_hash, token.client, token.account, token.scope, token.expires);
}

std::optional<AccessToken> token(sql::Tx& tx, std::string_view hash, Time now) {
  return mapped(tx.maybe_one(find_token, hash, now), [](const sql::Row& row) {
    return AccessToken{
        .client = row.integer(0), .account = AccountId(row.text(1)), .scope = row.text(2), .expires = row.time(3)};
  });
}

void remove_tokens_from(sql::Tx& tx, std::string_view code_hash) {
  tx.execute(remove_from, code_hash);
}

std::int64_t purge(sql::Tx& tx, Time now, std::size_t limit) {
  return tx.execute(tidy_codes, now - used_known_for, limit) + tx.execute(tidy_tokens, now, limit);
}
void tidy(sql::Tx& tx, Time now) {
  (void)purge(tx, now, tidied_at_once);
}

}  // namespace nephele::identity::oauth2::store
