// SPDX-License-Identifier: Apache-2.0
#include "identity/directory/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "identity/directory/catalog_store.h"
#include "identity/testing/directory_fixture.h"

namespace nephele::identity::directory::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

using namespace identity::testing;  // NOLINT(google-build-using-namespace): the rows that tests write

class DirectoryStoreTest : public DirectoryFixture {
 protected:
  /// One of everything, all of it hanging on ada, p1, g1 and d1.
  void fill(const AccountId& ada) {
    write([&](sql::Tx& tx) {
      insert(tx, Domain{.id = DomainId("d1"), .name = "d1"}, "d1");
      insert(tx, a_project("p1", "d1", "p1"), "p1");
      insert(tx, a_group("g1", "d1", "g1"), "g1");
      insert(tx, a_role("r1", "", "r1"), "r1");
      insert(tx, a_role("r2", "d1", "r2"), "r2");
      insert(tx, Region{.id = RegionId("here"), .description = {}, .parent = {}});
      insert(tx, Service{.id = ServiceId("s1"), .type = "t", .name = "n", .description = {}});
      insert(tx, Endpoint{.id = EndpointId("e1"),
                          .service = ServiceId("s1"),
                          .interface = "public",
                          .region = RegionId("here"),
                          .url = "http://a"});
      insert(tx, a_credential("c2", ada, "p1", {"r1"}));
    });
    fill_again(ada);
  }
  /// What hangs on r1 and p1.
  void fill_again(const AccountId& ada) {
    write([&](sql::Tx& tx) {
      insert(tx, a_role("r1", "", "r1"), "r1");
      add_member(tx, GroupId("g1"), ada);
      for (const auto& target :
           {Target{TargetKind::project, "p1"}, Target{TargetKind::domain, "d1"}, Target{TargetKind::system, "all"}}) {
        insert(tx, Assignment{{ActorKind::user, ada.text()}, target, RoleId("r1")});
        insert(tx, Assignment{{ActorKind::group, "g1"}, target, RoleId("r1")});
      }
      insert(tx, a_credential("c1", ada, "p1", {"r1"}));
    });
    EXPECT_TRUE(run(identity->change(ada, {.default_project = ProjectId("p1")})));
    EXPECT_TRUE(run(identity->issue_token(ada, {.scope = Target{TargetKind::project, "p1"}})));
    EXPECT_TRUE(run(identity->issue_token(ada)));
  }
};

TEST_P(DirectoryStoreTest, ANewDatabaseHasTheDefaultDomain) {
  const auto found = write([](sql::Tx& tx) { return domain(tx, DomainId("default")); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, "Default");
  EXPECT_TRUE(found->enabled);
}

TEST_P(DirectoryStoreTest, NamesAreUniqueInTheirDomainWithoutCase) {
  add_domain("d1");
  add_domain("d2");
  write([](sql::Tx& tx) {
    EXPECT_FALSE(insert(tx, Domain{.id = DomainId("d3"), .name = "D1"}, "d1"));
    EXPECT_TRUE(insert(tx, a_project("p1", "d1", "Web"), "web"));
    EXPECT_FALSE(insert(tx, a_project("p2", "d1", "WEB"), "web"));
    EXPECT_TRUE(insert(tx, a_project("p3", "d2", "web"), "web"));
    EXPECT_TRUE(insert(tx, a_group("g1", "d1", "Ops"), "ops"));
    EXPECT_FALSE(insert(tx, a_group("g2", "d1", "oPs"), "ops"));
    EXPECT_TRUE(insert(tx, a_group("g3", "d2", "ops"), "ops"));
    EXPECT_TRUE(insert(tx, a_role("r1", "", "chief"), "chief"));
    EXPECT_FALSE(insert(tx, a_role("r2", "", "Chief"), "chief"));
    EXPECT_TRUE(insert(tx, a_role("r3", "d1", "chief"), "chief"));

    // A change to a taken name is refused, one to another case of the own is not.
    EXPECT_TRUE(insert(tx, a_project("p4", "d1", "api"), "api"));
    EXPECT_FALSE(update(tx, a_project("p4", "d1", "WEB"), "web"));
    EXPECT_TRUE(update(tx, a_project("p4", "d1", "API"), "api"));
    EXPECT_EQ(project_named(tx, DomainId("d1"), "api")->name, "API");
    EXPECT_FALSE(update(tx, Domain{.id = DomainId("d2"), .name = "D1"}, "d1"));
    EXPECT_TRUE(insert(tx, a_group("g4", "d2", "dev"), "dev"));
    EXPECT_FALSE(update(tx, a_group("g4", "d2", "OPS"), "ops"));
    EXPECT_EQ(role_named(tx, DomainId(), "chief")->id, RoleId("r1"));
    EXPECT_EQ(role_named(tx, DomainId("d1"), "chief")->id, RoleId("r3"));
  });
}

TEST_P(DirectoryStoreTest, KeepsAProjectAsItWas) {
  add_domain("d1");
  auto made = a_project("p1", "d1", "Wéb \"'; --");
  made.description = "two\nlines";
  made.tags = {"a", "b\"c", ""};
  made.enabled = false;
  made.created = from_ms(1234);
  write([&](sql::Tx& tx) { EXPECT_TRUE(insert(tx, made, "k")); });
  const auto found = write([](sql::Tx& tx) { return project(tx, ProjectId("p1")); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, made.name);
  EXPECT_EQ(found->description, made.description);
  EXPECT_EQ(found->tags, made.tags);
  EXPECT_FALSE(found->enabled);
  EXPECT_EQ(found->created, made.created);
}

TEST_P(DirectoryStoreTest, ListsInPagesAndByWhatIsAsked) {
  add_domain("d1");
  write([](sql::Tx& tx) {
    for (const std::string id : {"p3", "p1", "p2"}) insert(tx, a_project(id, "d1", id), id);
    auto below = a_project("p4", "default", "p1");
    below.parent = ProjectId("p1");
    below.enabled = false;
    insert(tx, below, "p1");
  });
  const auto ids = [&](const Filter& filter) {
    std::vector<std::string> out;
    for (const auto& each : write([&](sql::Tx& tx) { return projects(tx, filter); })) out.push_back(each.id.text());
    return out;
  };
  EXPECT_THAT(ids({.limit = 10}), ElementsAre("p1", "p2", "p3", "p4"));
  EXPECT_THAT(ids({.limit = 2}), ElementsAre("p1", "p2"));
  EXPECT_THAT(ids({.after = "p2", .limit = 10}), ElementsAre("p3", "p4"));
  EXPECT_THAT(ids({.name_key = "p1", .limit = 10}), ElementsAre("p1", "p4"));
  EXPECT_THAT(ids({.name_key = "p1", .domain = "d1", .limit = 10}), ElementsAre("p1"));
  EXPECT_THAT(ids({.parent = "p1", .limit = 10}), ElementsAre("p4"));
  EXPECT_THAT(ids({.enabled = false, .limit = 10}), ElementsAre("p4"));
  EXPECT_THAT(ids({.name_key = "'; DROP TABLE identity_project; --", .limit = 10}), IsEmpty());
}

TEST_P(DirectoryStoreTest, RolesHoldDirectlyByGroupAndInherited) {
  add_domain("d1");
  const auto ada = add_account("ada");
  write([&](sql::Tx& tx) {
    // root < middle < leaf, and one beside.
    insert(tx, a_project("root", "d1", "root"), "root");
    for (const auto& [id, parent] : {std::pair{"middle", "root"}, std::pair{"leaf", "middle"}}) {
      auto each = a_project(id, "d1", id);
      each.parent = ProjectId(parent);
      insert(tx, each, id);
    }
    insert(tx, a_project("beside", "default", "beside"), "beside");
    insert(tx, a_group("g", "d1", "g"), "g");
    for (const std::string role : {"direct", "grouped", "from_domain", "from_root", "at_domain", "at_system"})
      insert(tx, a_role(role, "", role), role);
    const Actor user{ActorKind::user, ada.text()};
    const Actor group{ActorKind::group, "g"};
    insert(tx, Assignment{user, {TargetKind::project, "leaf"}, RoleId("direct")});
    insert(tx, Assignment{group, {TargetKind::project, "leaf"}, RoleId("grouped")});
    insert(tx, Assignment{user, {TargetKind::domain, "d1"}, RoleId("from_domain"), true});
    insert(tx, Assignment{user, {TargetKind::project, "root"}, RoleId("from_root"), true});
    insert(tx, Assignment{group, {TargetKind::domain, "d1"}, RoleId("at_domain")});
    insert(tx, Assignment{user, {TargetKind::system, "all"}, RoleId("at_system")});
  });
  const auto at = [&](TargetKind kind, const std::string& id) {
    std::vector<std::string> out;
    for (const auto& role : write([&](sql::Tx& tx) { return effective_roles(tx, ada, {kind, id}); }))
      out.push_back(role.id.text());
    return out;
  };
  const auto projects_seen = [&] {
    std::vector<std::string> out;
    for (const auto& each : write([&](sql::Tx& tx) { return projects_of(tx, ada); })) out.push_back(each.id.text());
    return out;
  };
  EXPECT_THAT(at(TargetKind::project, "leaf"), UnorderedElementsAre("direct", "from_domain", "from_root"));
  write([&](sql::Tx& tx) { add_member(tx, GroupId("g"), ada); });
  EXPECT_THAT(at(TargetKind::project, "leaf"), UnorderedElementsAre("direct", "grouped", "from_domain", "from_root"));
  EXPECT_THAT(at(TargetKind::project, "middle"), UnorderedElementsAre("from_domain", "from_root"));
  EXPECT_THAT(at(TargetKind::project, "root"), ElementsAre("from_domain"));  // inherited: below, not at
  EXPECT_THAT(at(TargetKind::project, "beside"), IsEmpty());
  EXPECT_THAT(at(TargetKind::project, "none"), IsEmpty());
  EXPECT_THAT(at(TargetKind::domain, "d1"), ElementsAre("at_domain"));
  EXPECT_THAT(at(TargetKind::domain, "default"), IsEmpty());
  EXPECT_THAT(at(TargetKind::system, "all"), ElementsAre("at_system"));
  EXPECT_THAT(projects_seen(), ElementsAre("leaf", "middle", "root"));
  write([&](sql::Tx& tx) {
    remove(tx, Assignment{{ActorKind::user, ada.text()}, {TargetKind::domain, "d1"}, RoleId("from_domain"), true});
  });
  EXPECT_THAT(projects_seen(), ElementsAre("leaf", "middle"));  // by the one that root's are given
  EXPECT_EQ(write([](sql::Tx& tx) { return depth(tx, ProjectId("leaf")); }), 3);
  EXPECT_EQ(write([](sql::Tx& tx) { return depth(tx, ProjectId("none")); }), 0);
}

TEST_P(DirectoryStoreTest, WhatGoesLeavesNothingBehind) {
  const auto before = contents();
  const auto ada = add_account("ada");
  fill(ada);
  EXPECT_NE(contents(), before);
  // In the order that the API enforces: what others stand on last.
  write([&](sql::Tx& tx) {
    EXPECT_TRUE(remove(tx, CredentialId("c2")));
    EXPECT_TRUE(remove(tx, RoleId("r1")));
  });
  EXPECT_THAT(rows("SELECT actor_id FROM identity_assignment WHERE role_id = 'r1'"), IsEmpty());
  EXPECT_THAT(rows("SELECT credential_id FROM identity_application_credential_role"), IsEmpty());
  fill_again(ada);
  write([&](sql::Tx& tx) {
    forget_target(tx, {TargetKind::project, "p1"});
    identity::store::forget_default_project(tx, ProjectId("p1"));
    identity::store::remove_tokens_for(tx, {TargetKind::project, "p1"});
    EXPECT_TRUE(remove(tx, ProjectId("p1")));
  });
  EXPECT_THAT(rows("SELECT id FROM identity_application_credential"), IsEmpty());
  EXPECT_THAT(rows("SELECT credential_id FROM identity_application_credential_role"), IsEmpty());
  EXPECT_THAT(rows("SELECT id FROM identity_account WHERE default_project <> ''"), IsEmpty());
  EXPECT_THAT(rows("SELECT id FROM identity_token WHERE scope_id = 'p1'"), IsEmpty());
  write([&](sql::Tx& tx) {
    forget_actor(tx, {ActorKind::group, "g1"});
    EXPECT_TRUE(remove(tx, GroupId("g1")));
  });
  EXPECT_THAT(rows("SELECT account_id FROM identity_group_member"), IsEmpty());
  EXPECT_THAT(rows("SELECT actor_id FROM identity_assignment WHERE actor_kind = 'group'"), IsEmpty());
  EXPECT_TRUE(run(identity->remove(ada)));
  EXPECT_THAT(rows("SELECT actor_id FROM identity_assignment"), IsEmpty());
  EXPECT_THAT(rows("SELECT id FROM identity_token"), IsEmpty());
  write([&](sql::Tx& tx) {
    EXPECT_FALSE(in_use(tx, DomainId("d1")));
    forget_target(tx, {TargetKind::domain, "d1"});
    EXPECT_TRUE(remove(tx, DomainId("d1")));
    EXPECT_TRUE(remove(tx, RoleId("r1")));
    EXPECT_TRUE(remove(tx, ServiceId("s1")));
    EXPECT_TRUE(remove(tx, RegionId("here")));
  });
  EXPECT_EQ(contents(), before);
}

TEST_P(DirectoryStoreTest, AnAccountTakesAllItsOwnAlong) {
  const auto before = contents();
  const auto ada = add_account("ada");
  write([&](sql::Tx& tx) {
    insert(tx, a_project("p1", "default", "p1"), "p1");
    insert(tx, a_group("g1", "default", "g1"), "g1");
  });
  fill_again(ada);
  EXPECT_TRUE(run(identity->remove(ada)));
  EXPECT_EQ(run(identity->find(ada)).error().kind(), Kind::not_found);
  write([&](sql::Tx& tx) {
    forget_actor(tx, {ActorKind::group, "g1"});
    remove(tx, ProjectId("p1"));
    remove(tx, GroupId("g1"));
    remove(tx, RoleId("r1"));
  });
  EXPECT_EQ(contents(), before);
}

TEST_P(DirectoryStoreTest, EveryChangeGrowsTheVersionAndNothingElseDoes) {
  const auto ada = add_account("ada");
  const auto grows = [&](const char* what, auto change) {
    const auto before = write([](sql::Tx& tx) { return version(tx); });
    write(change);
    EXPECT_GT(write([](sql::Tx& tx) { return version(tx); }), before) << what;
    write(change);  // where it is a repetition it changes nothing, and must not fail
  };
  const Assignment assignment{{ActorKind::user, ada.text()}, {TargetKind::project, "p"}, RoleId("r")};
  const Endpoint endpoint{.id = EndpointId("e"),
                          .service = ServiceId("s"),
                          .interface = "public",
                          .region = RegionId("here"),
                          .url = "http://a"};
  grows("domain", [](sql::Tx& tx) { insert(tx, Domain{.id = DomainId("d"), .name = "d"}, "d"); });
  grows("domain changed", [](sql::Tx& tx) { update(tx, Domain{.id = DomainId("d"), .name = "D"}, "d"); });
  grows("project", [](sql::Tx& tx) { insert(tx, a_project("p", "d", "p"), "p"); });
  grows("project changed", [](sql::Tx& tx) { update(tx, a_project("p", "d", "P"), "p"); });
  grows("group", [](sql::Tx& tx) { insert(tx, a_group("g", "d", "g"), "g"); });
  grows("group changed", [](sql::Tx& tx) { update(tx, a_group("g", "d", "G"), "g"); });
  grows("member", [&](sql::Tx& tx) { add_member(tx, GroupId("g"), ada); });
  grows("role", [](sql::Tx& tx) { insert(tx, a_role("r", "", "r"), "r"); });
  grows("role changed", [](sql::Tx& tx) { update(tx, a_role("r", "", "R"), "r"); });
  grows("assignment", [&](sql::Tx& tx) { insert(tx, assignment); });
  grows("credential", [&](sql::Tx& tx) { insert(tx, a_credential("c", ada, "p", {"r"})); });
  grows("region", [](sql::Tx& tx) { insert(tx, Region{.id = RegionId("here"), .description = {}, .parent = {}}); });
  grows("region changed",
        [](sql::Tx& tx) { update(tx, Region{.id = RegionId("here"), .description = "x", .parent = {}}); });
  const auto before = write([](sql::Tx& tx) { return version(tx); });
  write([&](sql::Tx& tx) {
    insert(tx, Service{.id = ServiceId("s"), .type = "t", .name = "n", .description = {}});
    EXPECT_EQ(version(tx), before + 1);
    insert(tx, endpoint);
    EXPECT_EQ(version(tx), before + 2);
    update(tx, Service{.id = ServiceId("s"), .type = "t", .name = "m", .description = {}});
    update(tx, endpoint);
    EXPECT_EQ(version(tx), before + 4);
    EXPECT_FALSE(remove(tx, EndpointId("none")));
    EXPECT_FALSE(remove(tx, GroupId("none")));
    EXPECT_EQ(version(tx), before + 4);
    EXPECT_TRUE(remove(tx, assignment));
    EXPECT_FALSE(remove(tx, assignment));
    EXPECT_EQ(version(tx), before + 5);
  });
  grows("endpoint gone", [](sql::Tx& tx) { remove(tx, EndpointId("e")); });
  grows("service gone", [](sql::Tx& tx) { remove(tx, ServiceId("s")); });
  grows("region gone", [](sql::Tx& tx) { remove(tx, RegionId("here")); });
  grows("credential gone", [](sql::Tx& tx) { remove(tx, CredentialId("c")); });
  write([&](sql::Tx& tx) { insert(tx, assignment); });
  grows("actor forgotten", [&](sql::Tx& tx) { forget_actor(tx, assignment.actor); });
  write([&](sql::Tx& tx) { insert(tx, assignment); });
  grows("target forgotten", [&](sql::Tx& tx) { forget_target(tx, assignment.target); });
  grows("role gone", [](sql::Tx& tx) { remove(tx, RoleId("r")); });
  grows("member gone", [&](sql::Tx& tx) { remove_member(tx, GroupId("g"), ada); });
  grows("group gone", [](sql::Tx& tx) { remove(tx, GroupId("g")); });
  grows("project gone", [](sql::Tx& tx) { remove(tx, ProjectId("p")); });
  grows("domain gone", [](sql::Tx& tx) { remove(tx, DomainId("d")); });
}

TEST_P(DirectoryStoreTest, AChangeThatIsRolledBackGrowsNothing) {
  const auto before = write([](sql::Tx& tx) { return version(tx); });
  const auto refused = database().write_now([](sql::Tx& tx) -> Result<> {
    insert(tx, a_role("r", "", "r"), "r");
    return fail(Kind::conflict, "no");
  });
  EXPECT_FALSE(refused);
  EXPECT_EQ(write([](sql::Tx& tx) { return version(tx); }), before);
}

INSTANTIATE_TEST_SUITE_P(Engines, DirectoryStoreTest, sql::testing::all_engines(), sql::testing::engine_name);

}  // namespace
}  // namespace nephele::identity::directory::store
