// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "identity/directory/catalog_store.h"
#include "identity/identity.h"
#include "identity/store.h"
#include "sql/testing/test_databases.h"
#include "sql/testing/with_loop.h"

/// Tests of what accounts belong to, on both engines.
namespace nephele::identity::testing {

inline Project a_project(const std::string& id, const std::string& domain, const std::string& name) {
  return {.id = ProjectId(id),
          .domain = DomainId(domain),
          .parent = {},
          .name = name,
          .description = {},
          .enabled = true,
          .tags = {},
          .created = from_ms(1)};
}
inline Group a_group(const std::string& id, const std::string& domain, const std::string& name) {
  return {.id = GroupId(id), .domain = DomainId(domain), .name = name, .description = {}};
}
inline Role a_role(const std::string& id, const std::string& domain, const std::string& name) {
  return {.id = RoleId(id), .domain = DomainId(domain), .name = name, .description = {}};
}
inline directory::store::StoredCredential a_credential(const std::string& id, const AccountId& owner,
                                                       const std::string& project,
                                                       const std::vector<std::string>& roles,
                                                       const std::string& secret_hash = "x") {
  directory::store::StoredCredential out{.credential = {.id = CredentialId(id),
                                                        .account = owner,
                                                        .project = ProjectId(project),
                                                        .name = id,
                                                        .description = {},
                                                        .roles = {},
                                                        .expires = {},
                                                        .created = from_ms(1)},
                                         .secret_hash = secret_hash};
  for (const auto& role : roles) out.credential.roles.push_back(a_role(role, "", role));
  return out;
}

class DirectoryFixture : protected sql::testing::WithLoop, public sql::testing::TestDatabases {
 protected:
  void SetUp() override {
    migrate(Identity::migrations());
    identity = std::make_unique<Identity>(database(), key, clock, Settings{}, log::Logger{});
  }

  template <class T>
  T run(Task<T> task) {
    return loop.run(std::move(task));
  }
  /// The value of a transaction that must not fail.
  template <class F>
  auto write(F body) {
    auto done = database().write_now(body);
    if (!done) throw std::runtime_error(done.error().sentence());
    if constexpr (!std::is_void_v<std::invoke_result_t<F&, sql::Tx&>>) return std::move(*done);
  }
  /// Without a password, which would cost an argon2 run.
  AccountId add_account(const std::string& name, const std::string& domain = "default") {
    return run(identity->create({.name = name, .domain = DomainId(domain)})).value().id;
  }
  void add_domain(const std::string& id) {
    write([&](sql::Tx& tx) { directory::store::insert(tx, Domain{.id = DomainId(id), .name = id}, id); });
  }

  /// The first column, a text, of a query's rows.
  std::vector<std::string> rows(const std::string& query) {
    // A statement's name is what it is prepared under, so it must stay and be its own.
    static std::set<std::string> statements;
    const auto& text = *statements.insert(query).first;
    return write([&](sql::Tx& tx) {
      std::vector<std::string> out;
      for (const auto& row : tx.query(sql::Statement{text, text})) out.push_back(row.text(0));
      return out;
    });
  }
  /// How many rows each table has.
  std::map<std::string, std::size_t> contents() {
    std::map<std::string, std::size_t> out;
    for (const std::string table :
         {"account", "token", "domain", "project", "group", "group_member", "role", "assignment",
          "application_credential", "application_credential_role", "region", "service", "endpoint"})
      out[table] = rows((table.ends_with("_role")  ? "SELECT credential_id FROM identity_"
                         : table == "group_member" ? "SELECT group_id FROM identity_"
                         : table == "assignment"   ? "SELECT actor_id FROM identity_"
                                                   : "SELECT id FROM identity_") +
                        table)
                       .size();
    return out;
  }

  SecretKey key = SecretKey::random();
  ManualClock clock{from_ms(1'700'000'000'000)};
  std::unique_ptr<Identity> identity;
};

}  // namespace nephele::identity::testing
