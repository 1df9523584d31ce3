// SPDX-License-Identifier: Apache-2.0
#include "identity/directory/catalog_store.h"
#include "sql/mapped.h"

namespace nephele::identity::directory::store {

namespace {

constexpr sql::Statement find{"identity.credential.find", R"(
  SELECT id, account_id, project_id, name, description, unrestricted, expires_ms, created_ms, secret_hash
    FROM identity_application_credential WHERE id = $1)"};
constexpr sql::Statement named{"identity.credential.named", R"(
  SELECT id, account_id, project_id, name, description, unrestricted, expires_ms, created_ms, secret_hash
    FROM identity_application_credential WHERE account_id = $1 AND name = $2)"};
constexpr sql::Statement of_account{"identity.credential.of_account", R"(
  SELECT id, account_id, project_id, name, description, unrestricted, expires_ms, created_ms
    FROM identity_application_credential
   WHERE account_id = $1 AND (CAST($2 AS TEXT) = '' OR name = $2) ORDER BY created_ms, id)"};
constexpr sql::Statement roles{"identity.credential.roles", R"(
  SELECT r.id, r.domain_id, r.name, r.description FROM identity_application_credential_role c
    JOIN identity_role r ON r.id = c.role_id WHERE c.credential_id = $1 ORDER BY r.name_key)"};
constexpr sql::Statement insert_row{"identity.credential.insert", R"(
  INSERT INTO identity_application_credential
    (id, account_id, project_id, name, description, secret_hash, unrestricted, expires_ms, created_ms)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (account_id, name) DO NOTHING)"};
constexpr sql::Statement insert_role{
    "identity.credential.insert_role",
    "INSERT INTO identity_application_credential_role (credential_id, role_id) VALUES ($1, $2) ON CONFLICT DO NOTHING"};
constexpr sql::Statement remove_row{"identity.credential.remove",
                                    "DELETE FROM identity_application_credential WHERE id = $1"};

ApplicationCredential read(sql::Tx& tx, const sql::Row& row) {
  ApplicationCredential out{.id = CredentialId(row.text(0)),
                            .account = AccountId(row.text(1)),
                            .project = ProjectId(row.text(2)),
                            .name = row.text(3),
                            .description = row.text(4),
                            .roles = {},
                            .unrestricted = row.boolean(5),
                            .expires = row.maybe_time(6),
                            .created = row.time(7)};
  out.roles = sql::mapped(tx.query(roles, out.id), [](const sql::Row& r) {
    return Role{.id = RoleId(r.text(0)), .domain = DomainId(r.text(1)), .name = r.text(2), .description = r.text(3)};
  });
  return out;
}

std::optional<StoredCredential> stored(sql::Tx& tx, const std::optional<sql::Row>& row) {
  return sql::mapped(
      row, [&](const sql::Row& r) { return StoredCredential{.credential = read(tx, r), .secret_hash = r.text(8)}; });
}

}  // namespace

std::optional<StoredCredential> credential(sql::Tx& tx, const CredentialId& id) {
  return stored(tx, tx.maybe_one(find, id));
}
std::optional<StoredCredential> credential_named(sql::Tx& tx, const AccountId& account, std::string_view name) {
  return stored(tx, tx.maybe_one(named, account, name));
}
std::vector<ApplicationCredential> credentials_of(sql::Tx& tx, const AccountId& account, std::string_view name) {
  return sql::mapped(tx.query(of_account, account, name), [&](const sql::Row& row) { return read(tx, row); });
}
bool insert(sql::Tx& tx, const StoredCredential& stored) {
  const auto& c = stored.credential;
  if (tx.execute(insert_row, c.id, c.account, c.project, c.name, c.description, stored.secret_hash, c.unrestricted,
                 c.expires, c.created) != 1)
    return false;
  for (const auto& role : c.roles) tx.execute(insert_role, c.id, role.id);
  return noted(tx, true);
}
bool remove(sql::Tx& tx, const CredentialId& id) {
  return noted(tx, tx.execute(remove_row, id) == 1);
}

}  // namespace nephele::identity::directory::store
