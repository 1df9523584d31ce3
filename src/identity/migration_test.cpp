// SPDX-License-Identifier: Apache-2.0
// A database of the release before this one, with accounts and tokens in it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "identity/migrations.h"
#include "identity/passwords.h"
#include "identity/store.h"
#include "identity/testing/directory_fixture.h"

namespace nephele::identity {
namespace {

using ::testing::ElementsAre;

class MigrationTest : public testing::DirectoryFixture {
 protected:
  void SetUp() override { migrate(std::span(all_migrations).first(1)); }
};

constexpr sql::Statement old_account{"test.old_account", R"(
  INSERT INTO identity_account (id, name, name_key, password_hash, admin, enabled, version, created_ms)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8))"};
constexpr sql::Statement old_token{
    "test.old_token", "INSERT INTO identity_token (id, account_id, token_hash, expires_ms) VALUES ($1, $2, $3, $4)"};
constexpr sql::Statement local_ways{"test.ways", "SELECT COUNT(*) FROM identity_way WHERE module = 'local'"};
constexpr sql::Statement counter{"test.counter", "SELECT value FROM identity_counter WHERE name = 'account'"};

TEST_P(MigrationTest, AccountsAndTokensStay) {
  Argon2 passwords;
  const std::string hash = passwords.hash(Secret("correct horse"));
  const Secret token("a token of before");
  write([&](sql::Tx& tx) {
    tx.execute(old_account, "b", "Ada", "ada", hash, true, true, 7, 2000);
    tx.execute(old_account, "c", "bob", "bob", hash, false, true, 1, 1000);
    tx.execute(old_account, "a", "eve", "eve", hash, false, false, 1, 2000);
    for (int i = 0; i < 3000; ++i) {
      const auto name = "user" + std::to_string(i);
      tx.execute(old_account, name, name, name, "x", false, true, 1, 5000 + i);
    }
    tx.execute(old_token, "t1", "b", key.keyed_hash(token.reveal(), "identity.token"), to_ms(clock.now()) + 60'000);
  });

  migrate(Identity::migrations());
  identity = std::make_unique<Identity>(database(), key, clock, Settings{}, log::Logger{});
  const auto ada = run(identity->authenticate("ada", Secret("correct horse"), "192.0.2.1"));
  ASSERT_TRUE(ada) << ada.error().sentence();
  EXPECT_EQ(ada->id, AccountId("b"));
  EXPECT_TRUE(ada->admin);
  EXPECT_EQ(ada->version, 7);
  EXPECT_EQ(ada->domain, DomainId("default"));
  EXPECT_EQ(ada->updated, from_ms(2000));
  EXPECT_EQ(ada->number, 3);  // by age, then by id: bob, eve, ada
  EXPECT_EQ(run(identity->find("bob")).value().number, 1);
  EXPECT_EQ(run(identity->find("eve")).value().number, 2);
  EXPECT_FALSE(run(identity->authenticate("eve", Secret("correct horse"), "192.0.2.1")));
  EXPECT_EQ(run(identity->find("user2999")).value().number, 3003);
  EXPECT_EQ(write([](sql::Tx& tx) { return tx.one(counter).integer(0); }), 3003);

  EXPECT_EQ(write([](sql::Tx& tx) { return tx.one(local_ways).integer(0); }), 3003) << "a password is a way to sign in";

  const auto owner = run(identity->authenticate_token(Secret(token)));
  ASSERT_TRUE(owner) << owner.error().sentence();
  EXPECT_EQ(owner->account.id, AccountId("b"));
  EXPECT_EQ(owner->grant.methods, "password");
  EXPECT_FALSE(owner->grant.scope);

  const auto eva = run(identity->create({.name = "eva"}));
  EXPECT_EQ(eva.value().number, 3004);
}

TEST_P(MigrationTest, WhatDjangosHashesCostIsKnown) {
  write([&](sql::Tx& tx) {
    std::string name = "ada";
    for (const char* hash : {"", "$argon2id$v=19", "sha1$s$55ee", "pbkdf2_sha1$900$s$h=", "pbkdf2_sha1$1500$s$h=",
                             "pbkdf2_sha256$7$s$h=", "pbkdf2_sha256$1000000$s$h=", "pbkdf2xsha256$2000000$s$h="}) {
      name += 'a';
      tx.execute(old_account, name, name, name, hash, false, true, 1, 1000);
    }
  });
  migrate(Identity::migrations());
  EXPECT_EQ(write([](sql::Tx& tx) { return store::dearest(tx); }), (DjangoWork{.sha1 = 1500, .sha256 = 1'000'000}));
}

TEST_P(MigrationTest, AnEmptyDatabaseToo) {
  migrate(Identity::migrations());
  identity = std::make_unique<Identity>(database(), key, clock, Settings{}, log::Logger{});
  EXPECT_TRUE(run(identity->empty()).value());
  EXPECT_EQ(run(identity->create({.name = "ada"})).value().number, 1);
  EXPECT_THAT(rows("SELECT name FROM identity_domain"), ElementsAre("Default"));
}

/// A database of before projects, in which everybody had one of his own.
class OwnProjectsMigrationTest : public testing::DirectoryFixture {
 protected:
  void SetUp() override { migrate(std::span(all_migrations).first(6)); }
};

constexpr sql::Statement old_person{"test.old_person", R"(
  INSERT INTO identity_account (id, name, name_key, password_hash, admin, enabled, version, created_ms, number,
         deactivated_ms)
  VALUES ($1, $1, $1, '', 0, $2, 1, 1000, $3, $4))"};
constexpr sql::Statement old_project{"test.old_project", R"(
  INSERT INTO identity_project (id, domain_id, parent_id, name, name_key, description, enabled, tags, created_ms)
  VALUES ($1, 'default', '', $2, $2, '', 1, '[]', 2000))"};
constexpr sql::Statement old_resource{"test.old_resource", R"(
  INSERT INTO identity_resource (name, description, unit, service_type, service_origin, system_default, project_default,
         ui_visible, api_visible)
  VALUES ('vm', '', '', 'compute', 'cyclades', 2, 0, 1, 1))"};
constexpr sql::Statement old_holding{
    "test.old_holding",
    "INSERT INTO identity_holding (holder, source, resource, limit_amount) VALUES ($1, $2, 'vm', $3)"};

TEST_P(OwnProjectsMigrationTest, EverybodysOwnProjectGetsItsLife) {
  write([&](sql::Tx& tx) {
    tx.execute(old_resource);
    tx.execute(old_person, "ada", true, 1, std::nullopt);
    tx.execute(old_person, "eve", false, 2, 5000);
    tx.execute(old_person, "bob", true, 3, std::nullopt);  // never accepted: he has none
    tx.execute(old_project, "lab", "lab");                 // Keystone's alone
    for (const std::string name : {"ada", "eve"}) {
      tx.execute(old_project, name, "system:" + name);
      tx.execute(old_holding, "user:" + name, "project:" + name, 3);
      tx.execute(old_holding, "project:" + name, "", 4);
    }
  });
  migrate(Identity::migrations());
  EXPECT_THAT(rows("SELECT project_id || ' ' || name || ' ' || state || ' ' || state_reason || ' ' || system "
                   "FROM identity_project_life ORDER BY project_id"),
              ElementsAre("ada system:ada 1  1", "eve system:eve 10 user_deactivation 1"));
  EXPECT_THAT(rows("SELECT project_id || ' ' || resource || ' ' || project_amount || ' ' || member_amount "
                   "FROM identity_project_limit WHERE resource = 'vm' ORDER BY project_id"),
              ElementsAre("ada vm 4 3", "eve vm 4 3"));
  EXPECT_THAT(rows("SELECT id || ' ' || account_id || ' ' || project_id || ' ' || state FROM identity_membership "
                   "ORDER BY id"),
              ElementsAre("1 ada ada 1", "2 eve eve 1"));
  EXPECT_THAT(rows("SELECT holder || ' ' || limit_amount FROM identity_holding WHERE resource = 'vm' ORDER BY holder"),
              ElementsAre("project:ada 4", "project:eve 0", "user:ada 3", "user:eve 0"));
  EXPECT_THAT(rows("SELECT holder FROM identity_holding WHERE resource = 'astakos.pending_app' ORDER BY holder"),
              ElementsAre("project:ada", "project:eve", "user:ada", "user:eve"));
  EXPECT_THAT(rows("SELECT id || ' ' || enabled FROM identity_project ORDER BY id"),
              ElementsAre("ada 1", "eve 0", "lab 1"));
  EXPECT_THAT(rows("SELECT name || ' ' || value FROM identity_counter WHERE name IN ('membership', 'application') "
                   "ORDER BY name"),
              ElementsAre("application 0", "membership 2"));
}

INSTANTIATE_TEST_SUITE_P(Engines, OwnProjectsMigrationTest, sql::testing::all_engines(), sql::testing::engine_name);
INSTANTIATE_TEST_SUITE_P(Engines, MigrationTest, sql::testing::all_engines(), sql::testing::engine_name);

}  // namespace
}  // namespace nephele::identity
