// SPDX-License-Identifier: Apache-2.0
#include "identity/administration/store.h"

#include <gmock/gmock.h>

#include "identity/administration/precedence.h"
#include "identity/directory/store.h"
#include "identity/oauth2/store.h"
#include "identity/pages/store.h"
#include "identity/quota/quotas.h"
#include "identity/quota/resource_store.h"
#include "identity/testing/directory_fixture.h"
#include "identity/ways/store.h"

namespace nephele::identity::administration {

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class AdministrationStore : public testing::DirectoryFixture {
 protected:
  void note(Time at, const AccountId& account, const std::string& event) {
    write([&](sql::Tx& tx) {
      life::store::insert(tx,
                          {.at = at, .account = account.text(), .actor = "operator", .event = event, .details = "x"});
    });
  }
  std::vector<std::string> events(const store::AuditFilter& filter, std::size_t page) {
    std::vector<std::string> out;
    std::optional<store::Entry> after;
    for (;;) {
      const auto rows = write([&](sql::Tx& tx) { return store::audit(tx, filter, after, page); });
      if (rows.empty()) return out;
      EXPECT_LE(rows.size(), page);
      for (const auto& row : rows) out.push_back(row.event.event);
      after = rows.back();
    }
  }
};

TEST_P(AdministrationStore, TheAuditLogIsReadInPagesNewestFirst) {
  const auto ada = add_account("ada"), bob = add_account("bob");
  for (int n = 0; n < 5; ++n) note(clock.now() + std::chrono::seconds(n), n % 2 == 0 ? ada : bob, std::to_string(n));
  note(clock.now() + std::chrono::seconds(4), ada, "4");  // of the same moment: none is lost between pages
  for (const std::size_t page : {1U, 2U, 100U}) {
    EXPECT_THAT(events({}, page), ElementsAre("4", "4", "3", "2", "1", "0"));
    EXPECT_THAT(events({.account = bob.text()}, page), ElementsAre("3", "1"));
  }
  EXPECT_THAT(events({.since = clock.now() + std::chrono::seconds(3)}, 2), ElementsAre("4", "4", "3"));
  EXPECT_THAT(events({.account = "nobody"}, 2), IsEmpty());
}

TEST_P(AdministrationStore, WhatAnAdministratorDoesStandsInTheLog) {
  const auto ada = run(identity->create({.name = "ada", .actor = "root"})).value().id;
  ASSERT_TRUE(run(identity->change(ada, {.enabled = false, .description = "secret", .actor = "root"})));
  ASSERT_TRUE(run(identity->remove(ada, "root")));
  ASSERT_TRUE(run(identity->create({.name = "nobody is noted"})));
  const auto rows = write([&](sql::Tx& tx) { return store::audit(tx, {}, std::nullopt, 10); });
  ASSERT_EQ(rows.size(), 3U);
  std::vector<std::string> told;
  for (const auto& row : rows) {
    EXPECT_EQ(row.event.actor, "root");
    EXPECT_EQ(row.event.account, ada.text());
    told.push_back(row.event.event + ": " + row.event.details);
  }
  EXPECT_THAT(told, ::testing::UnorderedElementsAre(
                        "account.created: ada", "account.changed: enabled=False, description", "account.removed: ada"));
}

TEST_P(AdministrationStore, PermissionsAreASet) {
  const auto ada = add_account("ada");
  write([&](sql::Tx& tx) {
    store::add_permission(tx, ada, "b");
    store::add_permission(tx, ada, "a");
    store::add_permission(tx, ada, "b");
    store::set_level(tx, ada, 1);
    store::set_invitations(tx, ada, 7);
  });
  const auto extras = write([&](sql::Tx& tx) { return store::extras(tx, ada); });
  EXPECT_THAT(extras.permissions, ElementsAre("a", "b"));
  EXPECT_EQ(extras.level, 1);
  EXPECT_EQ(extras.invitations, 7);
  EXPECT_TRUE(write([&](sql::Tx& tx) { return store::remove_permission(tx, ada, "a"); }));
  EXPECT_FALSE(write([&](sql::Tx& tx) { return store::remove_permission(tx, ada, "a"); }));
}

TEST_P(AdministrationStore, SumsOfGreatLimitsStayNumbers) {
  quota::Quotas quotas(database(), clock);
  write([&](sql::Tx& tx) {
    for (const std::string name : {"s.disk", "s.vm"})
      quota::resources::save(tx, {.name = name, .unit = "bytes", .service_type = "t", .service_origin = "s"});
    std::vector<quota::Limit> limits;
    const std::int64_t great = (std::int64_t{1} << 61U) - 1;
    for (const std::string user : {"user:1", "user:2", "user:3"})
      limits.push_back({.key = {user, "project:p", "s.disk"}, .limit = great});
    limits.push_back({.key = {"user:1", "project:p", "s.vm"}, .limit = 3});
    limits.push_back({.key = {"user:2", "project:p", "s.vm"}, .limit = quota::unlimited});
    ASSERT_TRUE(quotas.set_limits(tx, limits));
  });
  auto numbers = write([](sql::Tx& tx) { return store::resource_numbers(tx); });
  std::erase_if(numbers,
                [](const auto& each) { return !each.name.starts_with("s."); });  // what is there from the start
  ASSERT_EQ(numbers.size(), 2U);
  EXPECT_EQ(numbers[0].allocated, 3 * ((std::int64_t{1} << 61U) - 1));
  EXPECT_EQ(numbers[0].used, 0);
  EXPECT_EQ(numbers[1].allocated, quota::unlimited);
}

TEST_P(AdministrationStore, WhatIsOverGoesInPortions) {
  const auto ada = add_account("ada");
  for (int n = 0; n < 5; ++n) ASSERT_TRUE(run(identity->issue_token(ada)));
  const Time later = clock.now() + Settings{}.token_life + std::chrono::seconds(1);
  EXPECT_EQ(write([&](sql::Tx& tx) { return store::purge(tx, clock.now(), 10); }), 0);
  EXPECT_EQ(write([&](sql::Tx& tx) { return store::purge(tx, later, 3); }), 3);
  EXPECT_EQ(write([&](sql::Tx& tx) { return store::purge(tx, later, 3); }), 2);
  EXPECT_EQ(write([&](sql::Tx& tx) { return store::purge(tx, later, 3); }), 0);
}

TEST_P(AdministrationStore, NothingThatIsOverStays) {
  const auto ada = add_account("ada");
  const Time now = clock.now(), over = now - std::chrono::hours(48);
  write([&](sql::Tx& tx) {
    pages::store::insert_session(tx, pages::SessionId("s"), ada, over, over);
    pages::store::keep_reset(tx, ada, "r", over, over);
    pages::store::keep_email_change(tx, {ada, "a@example.org", over, over}, "e");
    ways::store::keep(tx, "w", {.proof = {.module = "ldap", .identifier = "x"}, .created = over, .expires = over});
    oauth2::Client client{.identifier = "c", .created = over};
    ASSERT_TRUE(oauth2::store::insert(tx, client, ""));
    oauth2::store::insert(
        tx, {.client = client.id, .account = ada, .redirect_uri = "u", .scope = "s", .challenge = {}, .expires = over},
        "c");
    oauth2::store::insert(tx, {.client = client.id, .account = ada, .scope = "s", .expires = over}, "t", "c");
  });
  EXPECT_EQ(write([&](sql::Tx& tx) { return store::purge(tx, now, 10); }), 6);
  EXPECT_EQ(write([&](sql::Tx& tx) { return store::purge(tx, now, 10); }), 0);
}

TEST_P(AdministrationStore, WhoAdministersIsChangedByHisLikeAlone) {
  const auto marked = run(identity->create({.name = "root", .admin = true})).value().id;
  const auto by_role = add_account("by role"), by_group = add_account("by group"), ada = add_account("ada");
  write([&](sql::Tx& tx) {
    namespace names = directory::store;
    names::seed_roles(tx);
    const auto role = names::role_named(tx, DomainId(), admin_role).value().id;
    const auto member = names::role_named(tx, DomainId(), member_role).value().id;
    const Group group{.id = GroupId("g"), .domain = DomainId("default"), .name = "g", .description = {}};
    names::insert(tx, group, "g");
    names::add_member(tx, group.id, by_group);
    const Target project{TargetKind::project, "p"};
    names::insert(tx, Assignment{.actor = {ActorKind::user, by_role.text()}, .target = project, .role = role});
    names::insert(tx, Assignment{.actor = {ActorKind::group, "g"}, .target = project, .role = role});
    names::insert(tx, Assignment{.actor = {ActorKind::user, ada.text()}, .target = project, .role = member});
  });
  const Precedence precedence{Offices{}};
  const auto may = [&](const AccountId& who, const AccountId& whom) {
    return write([&](sql::Tx& tx) { return precedence.check(tx, who, whom).has_value(); });
  };
  for (const auto& administrator : {marked, by_role, by_group}) {
    EXPECT_FALSE(may(ada, administrator)) << administrator.text();
    EXPECT_FALSE(may(AccountId("nobody"), administrator)) << administrator.text();
    EXPECT_TRUE(may(administrator, marked)) << administrator.text();
    EXPECT_TRUE(may(administrator, ada)) << administrator.text();
  }
  EXPECT_TRUE(may(ada, add_account("bob")));
}

TEST_P(AdministrationStore, WhoMayMoreIsChangedByNobodyWhoMayLess) {
  std::map<std::string, AccountId> people;
  for (const std::string name : {"nobody", "reader", "helper", "insider", "decider", "director", "cashier", "boss"})
    people.emplace(name, add_account(name));
  write([&](sql::Tx& tx) {
    namespace names = directory::store;
    names::seed_roles(tx);
    const auto role = names::role_named(tx, DomainId(), admin_role).value().id;
    names::insert(tx, Assignment{.actor = {ActorKind::user, people.at("boss").text()},
                                 .target = {TargetKind::project, "p"},
                                 .role = role});
    for (const auto& [group, member] :
         {std::pair("admin-readonly", "reader"), std::pair("helpdesk", "helper"), std::pair("admin-api", "insider"),
          std::pair("admin", "director"), std::pair("cash", "cashier"), std::pair("helpdesk", "director")}) {
      const Group made = testing::a_group(group, "default", group);
      names::insert(tx, made, group);
      names::add_member(tx, made.id, people.at(member));
    }
  });
  const Offices all{.groups = {"admin-readonly", "helpdesk", "admin", "cash"},
                    .api_groups = {"admin-api"},
                    .project_admins = {people.at("decider").text()}};
  const auto changed_by = [&](const std::string& who, const Offices& offices) {
    const Precedence precedence(offices);
    std::string names;
    for (const auto& [name, whom] : people)
      if (write([&](sql::Tx& tx) { return precedence.check(tx, people.at(who), whom).has_value(); }))
        names += (names.empty() ? "" : " ") + name;
    return names;
  };
  struct Row {
    std::string who, whom;
  };
  for (const auto& [who, whom] :
       {Row{"nobody", "nobody"}, Row{"reader", "cashier nobody reader"}, Row{"helper", "cashier helper nobody reader"},
        Row{"insider", "cashier helper insider nobody reader"}, Row{"decider", "decider nobody"},
        Row{"director", "cashier decider director helper insider nobody reader"},
        Row{"boss", "boss cashier decider director helper insider nobody reader"}})
    EXPECT_EQ(changed_by(who, all), whom) << who;

  Offices closed = all;
  closed.groups.clear();
  EXPECT_EQ(changed_by("insider", closed), "cashier director helper insider nobody reader") << "there is no /admin";

  Offices moved = all;
  moved.overrides.users[UserAction::accept] = {"cash"};
  EXPECT_EQ(changed_by("director", moved), "decider director helper nobody reader")
      << "what a site gives to others alone is not an administrator's by their passwords";
  EXPECT_EQ(changed_by("helper", moved), "helper nobody reader");
}

TEST_P(AdministrationStore, ARenewedTokenIsTheOnlyOne) {
  const auto ada = add_account("ada");
  const auto old = run(identity->issue_token(ada)).value();
  const auto renewed = run(identity->renew_token(ada, {.actor = "root"})).value();
  EXPECT_FALSE(run(identity->authenticate_token(old.token)));
  EXPECT_TRUE(run(identity->authenticate_token(renewed.token)));
  const auto expires = write([&](sql::Tx& tx) { return store::token_expiry_of(tx, std::array{ada}); });
  EXPECT_EQ(expires.at(ada.text()), renewed.expires);
  EXPECT_THAT(events({}, 10), ElementsAre("account.token_renewed"));
}

INSTANTIATE_TEST_SUITE_P(Engines, AdministrationStore, sql::testing::all_engines(), sql::testing::engine_name);

}  // namespace

}  // namespace nephele::identity::administration
