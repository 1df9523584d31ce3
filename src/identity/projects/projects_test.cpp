// SPDX-License-Identifier: Apache-2.0
#include "identity/projects/projects.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "identity/administration/precedence.h"
#include "identity/projects/testing/projects_fixture.h"
#include "identity/store.h"

namespace nephele::identity::projects {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ProjectsTest : public testing::ProjectsFixture {
 protected:
  std::vector<std::string> mails(std::size_t count) {
    EXPECT_TRUE(eventually([&] { return letterbox.arrived().size() >= count; }));
    std::vector<std::string> out;
    for (const auto& mail : letterbox.arrived()) out.push_back(mail.to.mailbox + ": " + mail.subject);
    return out;
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, ProjectsTest, sql::testing::all_engines(), sql::testing::engine_name);

TEST_P(ProjectsTest, AnApprovedApplicationIsAProjectEverywhere) {
  const auto ada = person("ada");
  EXPECT_EQ(default_of(ada), ada.text());
  const auto submitted = applied(ada, draft("lab.example.org"));
  EXPECT_EQ(units(ada), "1/2");
  EXPECT_EQ(state(submitted.project), State::uninitialized);
  EXPECT_FALSE(in_directory(submitted.project));
  EXPECT_EQ(run(projects->submit(as(ada), submitted.project, {})).error().kind(), Kind::conflict);
  EXPECT_EQ(act(ada, submitted.project, Action::approve, submitted.application).error().kind(), Kind::forbidden);
  EXPECT_EQ(act(root, submitted.project, Action::approve).error().kind(), Kind::invalid);
  EXPECT_EQ(act(root, submitted.project, Action::approve, ApplicationId(99)).error().kind(), Kind::not_found);

  ASSERT_TRUE(act(root, submitted.project, Action::approve, submitted.application));
  EXPECT_EQ(units(ada), "0/2");
  EXPECT_EQ(vms(submitted.project), "0/10");
  EXPECT_EQ(vms(ada, submitted.project), "none");  // he is its owner, not yet a member
  const auto mirrored = in_directory(submitted.project);
  ASSERT_TRUE(mirrored);
  EXPECT_EQ(mirrored->name, "lab.example.org");
  EXPECT_TRUE(mirrored->enabled);
  const auto shown = run(projects->show(as(ada), submitted.project)).value();
  EXPECT_EQ(shown.capacities.at("cyclades.ram"), (Capacity{}));  // the project default
  EXPECT_EQ(shown.last_application->state, ApplicationState::approved);
  EXPECT_EQ(act(root, submitted.project, Action::approve, submitted.application).error().kind(), Kind::conflict);
  const auto arrived = mails(5);
  EXPECT_THAT(arrived, Contains("helpdesk@example.org: Cloud project application created (lab.example.org)"));
  EXPECT_THAT(arrived, Contains("ada@example.org: Cloud project application approved (lab.example.org)"));
}

TEST_P(ProjectsTest, PendingApplicationsAreLimitedButNotForAdministrators) {
  const auto ada = person("ada");
  const auto first = applied(ada, draft("one.example.org"));
  const auto second = applied(ada, draft("two.example.org"));
  const auto third = run(projects->submit(as(ada), std::nullopt, draft("three.example.org")));
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().kind(), Kind::conflict);
  EXPECT_EQ(third.error().sentence(), "You have reached the maximum number of pending project applications: 2");
  EXPECT_THAT(names(ada), ElementsAre("one.example.org", "two.example.org"));
  ASSERT_TRUE(act(ada, first.project, Action::cancel));
  EXPECT_EQ(state(first.project), State::deleted);
  EXPECT_EQ(units(ada), "1/2");
  ASSERT_TRUE(act(root, second.project, Action::deny, second.application, "too large"));
  EXPECT_EQ(units(ada), "0/2");
  EXPECT_EQ(state(second.project), State::uninitialized);
  ASSERT_TRUE(act(ada, second.project, Action::dismiss));
  EXPECT_EQ(state(second.project), State::deleted);
  EXPECT_THAT(names(ada), ElementsAre());
  for (const char* name : {"a.example.org", "b.example.org", "c.example.org"}) applied(root, draft(name));
  EXPECT_EQ(units(root), "3/2");
}

TEST_P(ProjectsTest, AModificationReplacesTheOneThatWaits) {
  const auto ada = person("ada");
  const auto lab = approved(ada, draft("lab.example.org"));
  const auto first = run(projects->submit(as(ada), lab, {.description = "first"})).value();
  const auto second =
      run(projects->submit(as(ada), lab,
                           {.name = "new.example.org", .capacities = {{"cyclades.vm", {.project = 20, .member = 5}}}}))
          .value();
  EXPECT_EQ(units(ada), "1/2");
  EXPECT_EQ(act(root, lab, Action::approve, first.application).error().kind(), Kind::conflict);
  EXPECT_EQ(run(projects->submit(as(person("eve")), lab, {.description = "mine"})).error().kind(), Kind::forbidden);
  const auto bob = person("bob");
  ASSERT_TRUE(run(projects->enroll(as(ada), lab, "BOB@example.org")));
  EXPECT_EQ(vms(bob, lab), "0/4");
  ASSERT_TRUE(act(root, lab, Action::approve, second.application));
  EXPECT_EQ(vms(lab), "0/20");
  EXPECT_EQ(vms(bob, lab), "0/5");
  EXPECT_EQ(in_directory(lab)->name, "new.example.org");
  EXPECT_EQ(run(projects->show(as(ada), lab)).value().life.description, "");
  EXPECT_EQ(units(ada), "0/2");
}

TEST_P(ProjectsTest, NamesAreUniqueAmongTheLiving) {
  const auto ada = person("ada");
  const auto one = applied(ada, draft("lab.example.org")), two = applied(ada, draft("LAB.example.org"));
  ASSERT_TRUE(act(root, one.project, Action::approve, one.application));
  const auto refused = act(root, two.project, Action::approve, two.application);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Kind::conflict);
  EXPECT_EQ(units(ada), "1/2");  // as if nothing had been asked
  ASSERT_TRUE(act(root, one.project, Action::terminate));
  ASSERT_TRUE(act(root, two.project, Action::approve, two.application));
  EXPECT_EQ(act(root, one.project, Action::reinstate).error().kind(), Kind::conflict);
  ASSERT_TRUE(act(root, two.project, Action::terminate));
  EXPECT_TRUE(act(root, one.project, Action::reinstate));
}

TEST_P(ProjectsTest, AWayInAndAWayOut) {
  const auto ada = person("ada"), bob = person("bob");
  const auto lab = approved(ada, draft("lab.example.org"));
  const auto membership = join(bob, lab).value();
  EXPECT_EQ(state(membership), MembershipState::requested);
  EXPECT_EQ(vms(bob, lab), "none");
  EXPECT_EQ(join(bob, lab).error().kind(), Kind::conflict);
  EXPECT_EQ(act(bob, membership, Step::accept).error().kind(), Kind::forbidden);
  EXPECT_EQ(run(projects->set_default(as(bob), bob, lab)).error().kind(), Kind::forbidden);
  ASSERT_TRUE(act(ada, membership, Step::reject));
  EXPECT_EQ(join(bob, lab).value(), membership);  // the same row goes on
  ASSERT_TRUE(act(ada, membership, Step::accept));
  EXPECT_EQ(vms(bob, lab), "0/4");
  EXPECT_TRUE(is_member_in_directory(bob, lab));
  ASSERT_TRUE(run(projects->set_default(as(bob), bob, lab)));
  EXPECT_EQ(default_of(bob), lab.text());

  ASSERT_TRUE(run(projects->modify(lab, {.leave_policy = Policy::moderated})));
  ASSERT_TRUE(act(bob, membership, Step::leave));
  EXPECT_EQ(state(membership), MembershipState::leave_requested);
  EXPECT_EQ(vms(bob, lab), "0/4");
  ASSERT_TRUE(act(ada, membership, Step::remove));
  EXPECT_EQ(state(membership), MembershipState::removed);
  EXPECT_EQ(vms(bob, lab), "0/0");
  EXPECT_FALSE(is_member_in_directory(bob, lab));
  EXPECT_EQ(default_of(bob), bob.text());
  EXPECT_EQ(run(projects->set_default(as(bob), bob, ProjectId("none"))).error().kind(), Kind::not_found);
  const auto shown = run(projects->membership(as(bob), membership)).value();
  EXPECT_EQ(shown.steps.size(), 5U);  // requested, rejected, accepted, leave_requested, removed
}

TEST_P(ProjectsTest, EntryGoesByPolicyAndRoom) {
  const auto ada = person("ada"), bob = person("bob"), eve = person("eve");
  auto wanted = draft("lab.example.org");
  wanted.join_policy = Policy::automatic;
  wanted.max_members = 1;
  const auto lab = approved(ada, wanted);
  const auto bobs = join(bob, lab).value();
  EXPECT_EQ(state(bobs), MembershipState::accepted);
  EXPECT_EQ(join(eve, lab).error().kind(), Kind::conflict);
  EXPECT_EQ(run(projects->enroll(as(ada), lab, eve.text())).error().kind(), Kind::conflict);
  ASSERT_TRUE(act(bob, bobs, Step::leave));
  EXPECT_TRUE(join(eve, lab));
  ASSERT_TRUE(run(projects->modify(lab, {.join_policy = Policy::closed, .max_members = 9})));
  EXPECT_THAT(join(bob, lab).error().sentence(), HasSubstr("closed"));
  EXPECT_EQ(run(projects->enroll(as(eve), lab, bob.text())).error().kind(), Kind::forbidden);
  EXPECT_EQ(run(projects->enroll(as(ada), lab, "nobody@example.org")).error().kind(), Kind::conflict);
  EXPECT_TRUE(run(projects->enroll(as(ada), lab, bob.text())));
  EXPECT_EQ(join(bob, ProjectId(ada.text())).error().kind(), Kind::conflict);  // somebody's own
}

TEST_P(ProjectsTest, SuspendedAndTerminatedNothingMayBeUsed) {
  const auto ada = person("ada"), bob = person("bob");
  const auto lab = approved(ada, draft("lab.example.org"));
  ASSERT_TRUE(run(projects->enroll(as(ada), lab, bob.text())));
  ASSERT_TRUE(run(projects->set_default(as(bob), bob, lab)));
  EXPECT_EQ(act(ada, lab, Action::suspend).error().kind(), Kind::forbidden);
  ASSERT_TRUE(act(root, lab, Action::suspend, {}, "for a while"));
  EXPECT_EQ(vms(lab), "0/0");
  EXPECT_EQ(vms(bob, lab), "0/0");
  EXPECT_FALSE(in_directory(lab)->enabled);
  EXPECT_EQ(join(person("eve"), lab).error().kind(), Kind::conflict);
  ASSERT_TRUE(act(root, lab, Action::unsuspend));
  EXPECT_EQ(vms(bob, lab), "0/4");
  EXPECT_TRUE(in_directory(lab)->enabled);
  ASSERT_TRUE(act(root, lab, Action::terminate));
  EXPECT_EQ(vms(lab), "0/0");
  EXPECT_EQ(default_of(bob), bob.text());
  EXPECT_NE(in_directory(lab)->name, "lab.example.org");
  ASSERT_TRUE(act(root, lab, Action::reinstate));
  EXPECT_EQ(vms(bob, lab), "0/4");
  EXPECT_EQ(in_directory(lab)->name, "lab.example.org");
}

TEST_P(ProjectsTest, ASleepingAccountsProjectsSleepToo) {
  const auto ada = person("ada"), bob = person("bob");
  const auto lab = approved(ada, draft("lab.example.org")), shed = approved(bob, draft("shed.example.org"));
  const auto adas = run(projects->enroll(as(bob), shed, ada.text())).value();
  ASSERT_TRUE(run(projects->enroll(as(ada), lab, bob.text())));
  const auto idle = approved(ada, draft("idle.example.org"));
  ASSERT_TRUE(act(root, idle, Action::suspend, {}, "an administrator's reason"));

  ASSERT_TRUE(run(life->deactivate(ada, "on leave", "operator")));
  EXPECT_EQ(state(ProjectId(ada.text())), State::suspended);
  EXPECT_EQ(state(lab), State::suspended);
  EXPECT_EQ(state(shed), State::active);
  EXPECT_EQ(state(adas), MembershipState::suspended);
  EXPECT_EQ(vms(ada, ProjectId(ada.text())), "0/0");
  EXPECT_EQ(vms(bob, lab), "0/0");
  EXPECT_EQ(vms(ada, shed), "0/0");
  EXPECT_FALSE(is_member_in_directory(ada, shed));
  EXPECT_EQ(run(projects->enroll(as(bob), shed, ada.text())).error().kind(), Kind::conflict);

  ASSERT_TRUE(run(life->activate(ada, "operator")));
  EXPECT_EQ(state(ProjectId(ada.text())), State::active);
  EXPECT_EQ(state(lab), State::active);
  EXPECT_EQ(state(idle), State::suspended);
  EXPECT_EQ(state(adas), MembershipState::accepted);
  EXPECT_EQ(vms(ada, ProjectId(ada.text())), "0/2");
  EXPECT_EQ(vms(bob, lab), "0/4");
  EXPECT_EQ(vms(ada, shed), "0/4");
  EXPECT_TRUE(is_member_in_directory(ada, shed));
}

TEST_P(ProjectsTest, ARemovedAccountLeavesNothingBehindThatItCouldUse) {
  const auto ada = person("ada"), bob = person("bob");
  const auto lab = approved(ada, draft("lab.example.org"));
  const auto waiting = applied(ada, draft("new.example.org"));
  const auto shed = approved(bob, draft("shed.example.org"));
  const auto adas = run(projects->enroll(as(bob), shed, ada.text())).value();
  ASSERT_TRUE(run(identity->remove(ada)));
  EXPECT_EQ(run(projects->membership(as(bob), adas)).error().kind(), Kind::not_found);
  EXPECT_EQ(vms(ada, shed), "0/0");
  EXPECT_EQ(state(waiting.project), State::deleted);
  EXPECT_EQ(state(lab), State::active);
  EXPECT_EQ(run(projects->show(as(root), lab)).value().life.owner, "");
  EXPECT_FALSE(in_directory(ProjectId(ada.text())));
  ASSERT_TRUE(run(projects->modify(lab, {.owner = bob.text()})));
}

TEST_P(ProjectsTest, ARemovedAccountsApplicationsGiveTheirUnitsBack) {
  const auto ada = person("ada"), bob = person("bob");
  auto for_ada = draft("for-ada.example.org");
  for_ada.owner = ada.text();
  const auto hers = applied(root, for_ada);
  const auto lab = approved(bob, draft("lab.example.org"));
  ASSERT_TRUE(run(projects->submit(as(bob), lab, {.description = "ours"})));
  EXPECT_EQ(units(root), "1/2");
  applied(ada, draft("new.example.org"));
  ASSERT_TRUE(run(identity->remove(ada)));
  EXPECT_EQ(units(root), "0/2");
  EXPECT_EQ(units(ada), "0/0");
  EXPECT_EQ(units(bob), "1/2");
  EXPECT_EQ(state(hers.project), State::deleted);
  const auto shown = run(projects->show(as(root), hers.project)).value();
  EXPECT_EQ(shown.last_application->state, ApplicationState::cancelled);
  EXPECT_TRUE(run(projects->reconcile(std::nullopt, false, false)).value().empty());

  // The other way round: who applied goes, who was to own it stays.
  auto for_bob = draft("for-bob.example.org");
  for_bob.owner = bob.text();
  const auto his = applied(root, for_bob);
  ASSERT_TRUE(run(identity->remove(root)));
  EXPECT_EQ(state(his.project), State::deleted);
  EXPECT_EQ(state(lab), State::active);
}

TEST_P(ProjectsTest, WhatIsApprovedIsGoodThen) {
  const auto ada = person("ada"), bob = person("bob");
  const auto lab = approved(bob, draft("lab.example.org"));
  const auto late = applied(ada, draft("late.example.org"));
  ASSERT_TRUE(run(life->deactivate(ada, "gone", "operator")));
  EXPECT_EQ(act(root, late.project, Action::approve, late.application).error().kind(), Kind::conflict);
  ASSERT_TRUE(run(life->activate(ada, "operator")));
  const auto to_ada = run(projects->submit(as(bob), lab, {.owner = ada.text()})).value();
  ASSERT_TRUE(run(identity->remove(ada)));
  EXPECT_EQ(act(root, lab, Action::approve, to_ada.application).error().kind(), Kind::conflict);
  EXPECT_EQ(run(projects->show(as(root), lab)).value().life.owner, bob.text());

  const auto eve = person("eve");
  const auto over = applied(eve, draft("over.example.org"));
  clock.advance(std::chrono::days(31));
  const auto refused = act(root, over.project, Action::approve, over.application);
  EXPECT_EQ(refused.error().kind(), Kind::conflict);
  EXPECT_THAT(refused.error().sentence(), HasSubstr("end_date is over"));
  EXPECT_EQ(state(over.project), State::uninitialized);
  EXPECT_EQ(units(eve), "1/2");
  EXPECT_TRUE(act(root, over.project, Action::deny, over.application));
}

TEST_P(ProjectsTest, WhatIsOverIsFound) {
  const auto ada = person("ada");
  const auto lab = approved(ada, draft("lab.example.org"));
  EXPECT_EQ(run(projects->expired()).value().size(), 0U);
  clock.advance(std::chrono::days(31));
  const auto expired = run(projects->expired()).value();
  ASSERT_EQ(expired.size(), 1U);
  EXPECT_EQ(expired[0].id, lab);
}

TEST_P(ProjectsTest, TheOwnProjectOfWhoRanksHigherIsNotTheirsWhoAdministerProjects) {
  const auto ada = person("ada"), boss = person("boss");
  const ProjectId of_ada(ada.text()), of_boss(boss.text());
  const administration::Precedence ranks(administration::Offices{.project_admins = {root.text()}});
  precedence = [&](sql::Tx& tx, const AccountId& who, const AccountId& whom) { return ranks.check(tx, who, whom); };
  start({root.text(), boss.text()});
  const auto mark = [](sql::Tx& tx, const AccountId& account) {
    auto stored = identity::store::find_to_change(tx, account).value();
    stored.account.admin = true;
    EXPECT_EQ(identity::store::update(tx, stored.account, {.name = stored.account.name, .email = stored.account.name}),
              identity::store::Written::done);
  };
  const auto offered = [&](const AccountId& who, const ProjectId& project) {
    return run(projects->show(as(who), project)).value().actions;
  };
  const Draft nothing{.capacities = {{"cyclades.vm", {.project = 0, .member = 0}}}};
  const auto waits = run(projects->submit(as(root), of_boss, nothing)).value();
  ASSERT_TRUE(database().write_now([&](sql::Tx& tx) { mark(tx, boss); }));

  EXPECT_THAT(offered(root, of_ada), Contains("suspend"));
  EXPECT_THAT(offered(root, of_boss), ElementsAre("cancel"));
  for (const auto action : {Action::suspend, Action::unsuspend, Action::terminate, Action::reinstate})
    EXPECT_EQ(act(root, of_boss, action).error().kind(), Kind::forbidden) << to_string(action);
  for (const auto action : {Action::approve, Action::deny})
    EXPECT_EQ(act(root, of_boss, action, waits.application).error().kind(), Kind::forbidden) << to_string(action);
  EXPECT_EQ(run(projects->submit(as(root), of_boss, nothing)).error().kind(), Kind::forbidden);
  EXPECT_EQ(state(of_boss), State::active);
  EXPECT_EQ(vms(boss, of_boss), "0/2");
  EXPECT_TRUE(act(root, of_boss, Action::cancel, waits.application)) << "what he applied for he may take back";
  const auto his = run(projects->submit(as(boss), of_boss, nothing)).value();
  EXPECT_THAT(offered(root, of_boss), ElementsAre()) << "what another applied for";
  EXPECT_EQ(act(root, of_boss, Action::cancel, his.application).error().kind(), Kind::forbidden);
  ASSERT_TRUE(act(boss, of_boss, Action::deny, his.application));
  EXPECT_EQ(act(root, of_boss, Action::dismiss, his.application).error().kind(), Kind::forbidden);
  EXPECT_TRUE(act(boss, of_boss, Action::dismiss, his.application));

  EXPECT_TRUE(act(boss, of_boss, Action::suspend)) << "his own";
  EXPECT_TRUE(run(projects->act(Projects::the_operator(), of_boss, Action::unsuspend, {}, "")));
  EXPECT_TRUE(act(root, of_ada, Action::suspend)) << "of one who ranks below";
  EXPECT_TRUE(act(root, of_ada, Action::unsuspend));
  const auto lab = approved(boss, draft("lab.example.org"));
  EXPECT_TRUE(act(root, lab, Action::terminate)) << "a project that is not his account's own";

  const auto late = overtaken([&](sql::Tx& tx) { mark(tx, ada); }, [&] { return act(root, of_ada, Action::suspend); });
  EXPECT_EQ(late.error().kind(), Kind::forbidden);
  EXPECT_EQ(state(of_ada), State::active);
}

}  // namespace
}  // namespace nephele::identity::projects
