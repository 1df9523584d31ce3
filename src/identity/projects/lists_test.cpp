// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "identity/projects/projects.h"
#include "identity/projects/testing/projects_fixture.h"

namespace nephele::identity::projects {
namespace {

using ::testing::ElementsAre;

class ProjectListsTest : public testing::ProjectsFixture {};
INSTANTIATE_TEST_SUITE_P(Engines, ProjectListsTest, sql::testing::all_engines(), sql::testing::engine_name);

TEST_P(ProjectListsTest, WhoSeesWhat) {
  const auto ada = person("ada"), bob = person("bob");
  approved(ada, draft("open.example.org"));
  auto secret = draft("secret.example.org");
  secret.is_private = true;
  const auto hidden = approved(ada, secret);
  applied(ada, draft("waits.example.org"));
  EXPECT_THAT(names(ada), ElementsAre("open.example.org", "secret.example.org", "waits.example.org"));
  EXPECT_THAT(names(bob), ElementsAre("open.example.org"));
  EXPECT_THAT(names(bob, {.mode = Mode::related}), ElementsAre());
  EXPECT_THAT(names(root), ElementsAre("open.example.org", "secret.example.org", "waits.example.org"));
  EXPECT_THAT(names(ada, {.mode = Mode::active}), ElementsAre("open.example.org", "secret.example.org"));
  EXPECT_THAT(names(ada, {.mode = Mode::member}), ElementsAre());
  EXPECT_THAT(names(ada, {.state = State::uninitialized}), ElementsAre("waits.example.org"));
  EXPECT_THAT(names(root, {.name = "Open.Example.org"}), ElementsAre("open.example.org"));
  EXPECT_THAT(names(root, {.owner = bob.text()}), ElementsAre());
  EXPECT_EQ(run(projects->show(as(bob), hidden)).error().kind(), Kind::forbidden);
  EXPECT_EQ(run(projects->show(as(bob), ProjectId("x"))).error().kind(), Kind::not_found);
  ASSERT_TRUE(run(projects->enroll(as(ada), hidden, bob.text())));
  EXPECT_FALSE(run(projects->show(as(bob), hidden)).value().last_application);
  EXPECT_THAT(names(bob, {.mode = Mode::member}), ElementsAre("secret.example.org"));
  EXPECT_EQ(run(projects->memberships(as(ada), hidden)).value().size(), 1U);
  EXPECT_EQ(run(projects->memberships(as(bob), std::nullopt)).value().size(), 2U);  // his own project is one
}

TEST_P(ProjectListsTest, ListsComeInPagesByAge) {
  const auto ada = person("ada"), bob = person("bob");
  const auto lab = approved(ada, draft("lab.example.org"));
  clock.advance(std::chrono::seconds(1));
  for (const char* name : {"a.example.org", "b.example.org", "c.example.org"}) approved(bob, draft(name));
  clock.advance(std::chrono::seconds(1));
  auto hidden = draft("hidden.example.org");
  hidden.is_private = true;
  approved(bob, hidden);
  applied(ada, draft("waits.example.org"));
  ASSERT_TRUE(run(projects->submit(as(ada), lab, Draft{.end = clock.now() + std::chrono::days(60)})));

  const auto ids = [&](const AccountId& who, const ProjectFilter& filter) {
    std::vector<std::pair<Time, std::string>> out;
    for (const auto& project : run(projects->list(as(who), filter)).value())
      out.emplace_back(project.life.created, project.life.id.text());
    return out;
  };
  struct Case {
    AccountId who;
    ProjectFilter filter;
    std::size_t count;
  };
  const std::vector<Case> cases{
      {ada, {}, 6},  // and her own, not the hidden one
      {ada, {.mode = Mode::related}, 3},
      {ada, {.waiting = true}, 2},
      {ada, {.waiting = false}, 4},
      {bob, {}, 6},
      {bob, {.waiting = true}, 0},
      {bob, {.waiting = false}, 6},
      {root, {}, 7},  // and his own
      {root, {.owner = bob.text()}, 4},
      {root, {.waiting = true}, 2},
      {root, {.waiting = false}, 5},
      {root, {.name = "Waits.example.org", .waiting = true}, 1},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto& [who, filter, count] = cases[i];
    const auto all = ids(who, filter);
    EXPECT_EQ(all.size(), count) << i;
    EXPECT_TRUE(std::ranges::is_sorted(all)) << i;
    for (const std::size_t rows : {1UZ, 2UZ, 4UZ}) {
      auto page = filter;
      page.limit = rows;
      std::vector<std::pair<Time, std::string>> walked;
      for (;;) {
        const auto part = ids(who, page);
        walked.insert(walked.end(), part.begin(), part.end());
        if (part.size() < rows) break;
        page.after = ProjectId(part.back().second);
      }
      EXPECT_EQ(walked, all) << i << " by " << rows;
    }
  }
  EXPECT_EQ(run(projects->list(as(root), {.after = ProjectId("nothing")})).error().kind(), Kind::invalid);
}

TEST_P(ProjectListsTest, AListSaysWhatEachProjectSays) {
  const auto ada = person("ada"), bob = person("bob");
  const auto lab = approved(ada, draft("lab.example.org"));
  const auto other = approved(bob, draft("other.example.org"));
  ASSERT_TRUE(run(projects->enroll(as(ada), lab, bob.text())));
  ASSERT_TRUE(run(projects->modify(other, {.capacities = {{"cyclades.ram", {.project = 7, .member = 3}}}})));
  applied(bob, draft("waits.example.org"));
  for (const auto& who : {ada, bob, root}) {
    for (const auto& listed : run(projects->list(as(who), {})).value()) {
      const auto alone = run(projects->show(as(who), listed.life.id)).value();
      EXPECT_EQ(listed.life.name, alone.life.name);
      EXPECT_EQ(listed.capacities, alone.capacities) << listed.life.name;
      EXPECT_EQ(listed.decides, alone.decides) << listed.life.name;
      EXPECT_EQ(listed.actions, alone.actions) << listed.life.name;
      EXPECT_EQ(listed.members, alone.members) << listed.life.name;
      EXPECT_EQ(listed.last_application.has_value(), alone.last_application.has_value()) << listed.life.name;
      if (listed.last_application) EXPECT_EQ(listed.last_application->id, alone.last_application->id);
      EXPECT_EQ(listed.life.id == lab ? listed.members : 1, 1) << "of the lab he alone is a member";
    }
  }
}

TEST_P(ProjectListsTest, AListOfMembersTellsWhoTheyAre) {
  const auto ada = person("ada"), bob = person("bob"), eve = person("eve");
  const auto lab = approved(ada, draft("lab.example.org"));
  ASSERT_TRUE(run(projects->enroll(as(ada), lab, bob.text())));
  const auto eves = join(eve, lab).value();
  const auto listed = run(projects->memberships(as(ada), lab)).value();
  ASSERT_EQ(listed.size(), 2U);
  for (const auto& each : listed) {
    const auto account = run(identity->find(each.membership.account)).value();
    EXPECT_EQ(each.called, called(account));
    EXPECT_EQ(each.email, account.email);
    const auto alone = run(projects->membership(as(ada), each.membership.id)).value();
    EXPECT_EQ(each.steps, alone.steps);
    EXPECT_FALSE(each.steps.empty());
    EXPECT_EQ(each.actions, alone.actions);
  }
  const auto own = run(projects->memberships(as(eve), lab)).value();
  ASSERT_EQ(own.size(), 1U);
  EXPECT_EQ(own[0].membership.id, eves);
}

}  // namespace
}  // namespace nephele::identity::projects
