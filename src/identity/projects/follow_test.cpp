// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "identity/projects/testing/projects_fixture.h"
#include "identity/testing/directory_fixture.h"

namespace nephele::identity::projects {
namespace {

/// As the Identity API does it: rows, the directory's counter, then the change.
class FollowTest : public testing::ProjectsFixture {
 protected:
  Result<> set_enabled(const ProjectId& project, bool enabled) {
    return database().write_now([&](sql::Tx& tx) {
      Projects::hold(tx, project);
      directory::store::changed(tx);
      return projects->follow(tx, as(root), project, enabled);
    });
  }
  Result<> end(const ProjectId& project) {
    return database().write_now([&](sql::Tx& tx) {
      Projects::hold(tx, project);
      directory::store::changed(tx);
      return projects->follow_end(tx, as(root), project);
    });
  }
  bool mailed(const std::string& subject) {
    return eventually([&] {
      return std::ranges::any_of(letterbox.arrived(), [&](const auto& mail) { return mail.subject.contains(subject); });
    });
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, FollowTest, sql::testing::all_engines(), sql::testing::engine_name);

TEST_P(FollowTest, DisabledThereIsSuspendedHere) {
  const auto ada = person("ada"), bob = person("bob");
  const auto lab = approved(ada, draft("lab.example.org"));
  ASSERT_TRUE(run(projects->enroll(as(ada), lab, "bob@example.org")));
  ASSERT_TRUE(set_enabled(lab, true));  // it is
  EXPECT_EQ(state(lab), State::active);
  ASSERT_TRUE(set_enabled(lab, false));
  EXPECT_EQ(state(lab), State::suspended);
  EXPECT_EQ(vms(lab), "0/0");
  EXPECT_EQ(vms(bob, lab), "0/0");
  EXPECT_FALSE(in_directory(lab)->enabled);
  EXPECT_TRUE(mailed("lab.example.org"));
  ASSERT_TRUE(set_enabled(lab, false));
  ASSERT_TRUE(set_enabled(lab, true));
  EXPECT_EQ(state(lab), State::active);
  EXPECT_EQ(vms(lab), "0/10");
  EXPECT_EQ(vms(bob, lab), "0/4");
  ASSERT_TRUE(act(root, lab, Action::terminate));
  EXPECT_TRUE(set_enabled(lab, false));
  EXPECT_EQ(set_enabled(lab, true).error().kind(), Kind::conflict);
  EXPECT_EQ(state(lab), State::terminated);
}

TEST_P(FollowTest, DeletedThereIsOverHere) {
  const auto ada = person("ada"), bob = person("bob");
  const auto lab = approved(ada, draft("lab.example.org"));
  ASSERT_TRUE(run(projects->enroll(as(ada), lab, "bob@example.org")));
  ASSERT_TRUE(run(projects->set_default(as(bob), bob, lab)));
  ASSERT_TRUE(run(projects->submit(as(ada), lab, {.description = "more"})));
  EXPECT_EQ(units(ada), "1/2");
  ASSERT_TRUE(end(lab));
  EXPECT_EQ(state(lab), State::deleted);
  EXPECT_EQ(units(ada), "0/2");
  EXPECT_EQ(vms(lab), "0/0");
  EXPECT_EQ(vms(bob, lab), "0/0");
  EXPECT_EQ(default_of(bob), bob.text());
  EXPECT_TRUE(mailed("lab.example.org"));
  EXPECT_EQ(set_enabled(lab, true).error().kind(), Kind::conflict);
}

TEST_P(FollowTest, AnAccountsOwnProjectSleepsButDoesNotGo) {
  const auto ada = person("ada");
  const ProjectId own(ada.text());
  ASSERT_TRUE(set_enabled(own, false));
  EXPECT_EQ(state(own), State::suspended);
  EXPECT_EQ(vms(ada, own), "0/0");
  ASSERT_TRUE(set_enabled(own, true));
  EXPECT_EQ(vms(ada, own), "0/2");
  EXPECT_EQ(end(own).error().kind(), Kind::forbidden);
  EXPECT_EQ(state(own), State::active);
  EXPECT_TRUE(set_enabled(ProjectId("nobody's"), false));  // Keystone's alone
  EXPECT_TRUE(end(ProjectId("nobody's")));
}

TEST_P(FollowTest, ADefaultProjectIsOneThatTheAccountIsIn) {
  const auto ada = person("ada"), bob = person("bob");
  const auto lab = approved(ada, draft("lab.example.org"));
  const auto set = [&](const ProjectId& project) {
    return run(projects->set_default(Projects::the_operator(), bob, project));
  };
  EXPECT_EQ(set(lab).error().kind(), Kind::not_found);
  EXPECT_EQ(set(ProjectId("none")).error().kind(), Kind::not_found);
  ASSERT_TRUE(run(projects->enroll(as(ada), lab, "bob@example.org")));
  ASSERT_TRUE(set(lab));
  EXPECT_EQ(default_of(bob), lab.text());

  // One that only the Identity API knows: by a role in it.
  auto other = identity::testing::a_project("other", std::string(default_domain), "other");
  const auto written = [&](auto write) { ASSERT_TRUE(database().write_now([&](sql::Tx& tx) { (void)write(tx); })); };
  written([&](sql::Tx& tx) { return directory::store::insert(tx, other, "other"); });
  EXPECT_EQ(set(other.id).error().kind(), Kind::not_found);
  written([&](sql::Tx& tx) {
    return directory::store::insert(tx, {.actor = {ActorKind::user, bob.text()},
                                         .target = {TargetKind::project, other.id.text()},
                                         .role = directory::store::role_named(tx, DomainId(), "member")->id});
  });
  ASSERT_TRUE(set(other.id));
  EXPECT_EQ(default_of(bob), other.id.text());
  other.enabled = false;
  written([&](sql::Tx& tx) { return directory::store::update(tx, other, "other"); });
  EXPECT_EQ(set(other.id).error().kind(), Kind::conflict);
}

}  // namespace
}  // namespace nephele::identity::projects
