// SPDX-License-Identifier: Apache-2.0
#include "identity/projects/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "identity/projects/draft.h"

namespace nephele::identity::projects {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Time now = from_ms(1'700'000'000'000);
const Caller owner{.account = AccountId("owner")}, member{.account = AccountId("member")},
    admin{.account = AccountId("admin"), .admin = true}, stranger{.account = AccountId("stranger")};

ProjectLife a_project(State state = State::active) {
  return {.id = ProjectId("p"), .state = state, .name = "lab.example.org", .owner = "owner"};
}
Membership a_membership(MembershipState state) {
  return {.id = MembershipId(7), .project = ProjectId("p"), .account = member.account, .state = state};
}
Application an_application(ApplicationState state) {
  return {.id = ApplicationId(3), .project = ProjectId("p"), .applicant = "owner", .state = state};
}

TEST(ProjectRules, AProjectMovesAsTheContractHasIt) {
  EXPECT_EQ(after(Action::suspend, a_project()).value(), State::suspended);
  EXPECT_EQ(after(Action::unsuspend, a_project(State::suspended)).value(), State::active);
  EXPECT_EQ(after(Action::terminate, a_project(State::suspended)).value(), State::terminated);
  EXPECT_EQ(after(Action::reinstate, a_project(State::terminated)).value(), State::active);
  for (const auto& [action, state] :
       {std::pair{Action::suspend, State::uninitialized}, std::pair{Action::suspend, State::suspended},
        std::pair{Action::unsuspend, State::active}, std::pair{Action::terminate, State::terminated},
        std::pair{Action::reinstate, State::active}, std::pair{Action::terminate, State::uninitialized}})
    EXPECT_EQ(after(action, a_project(state)).error().kind(), Kind::conflict);
  auto own = a_project();
  own.system = true;
  EXPECT_EQ(after(Action::terminate, own).error().sentence(), "Cannot terminate a system project.");
  EXPECT_TRUE(after(Action::suspend, own));
}

TEST(ProjectRules, WhoMayDoWhatToAProject) {
  const auto pending = an_application(ApplicationState::pending);
  EXPECT_THAT(allowed(owner, a_project(), &pending), ElementsAre("cancel"));
  EXPECT_THAT(allowed(stranger, a_project(), &pending), IsEmpty());
  EXPECT_THAT(allowed(admin, a_project(), &pending), ElementsAre("suspend", "terminate", "approve", "deny", "cancel"));
  const auto denied = an_application(ApplicationState::denied);
  EXPECT_THAT(allowed(owner, a_project(State::uninitialized), &denied), ElementsAre("dismiss"));
  EXPECT_EQ(after(Action::approve, denied).error().sentence(), "Cannot approve application 3 in state 'denied'");
}

TEST(ProjectRules, WhoMayDoWhatToAMembership) {
  const auto actions = [](const Caller& caller, MembershipState state) {
    return allowed(caller, a_membership(state), a_project());
  };
  EXPECT_THAT(actions(member, MembershipState::requested), ElementsAre("cancel"));
  EXPECT_THAT(actions(owner, MembershipState::requested), ElementsAre("accept", "reject"));
  EXPECT_THAT(actions(member, MembershipState::accepted), ElementsAre("leave"));
  EXPECT_THAT(actions(admin, MembershipState::accepted), ElementsAre("remove"));
  EXPECT_THAT(actions(member, MembershipState::leave_requested), ElementsAre("cancel"));
  EXPECT_THAT(actions(owner, MembershipState::leave_requested), ElementsAre("reject", "remove"));
  EXPECT_THAT(actions(owner, MembershipState::removed), IsEmpty());
  EXPECT_THAT(actions(stranger, MembershipState::accepted), IsEmpty());
  EXPECT_THAT(allowed(owner, a_membership(MembershipState::requested), a_project(State::terminated)), IsEmpty());
}

TEST(ProjectRules, LeavingGoesByThePolicy) {
  auto project = a_project();
  const auto leave = [&] { return after(Step::leave, a_membership(MembershipState::accepted), project); };
  EXPECT_EQ(leave().value(), MembershipState::removed);
  project.leave_policy = Policy::moderated;
  EXPECT_EQ(leave().value(), MembershipState::leave_requested);
  project.leave_policy = Policy::closed;
  EXPECT_EQ(leave().error().kind(), Kind::conflict);
}

TEST(ProjectRules, WhoSeesAProject) {
  auto project = a_project();
  EXPECT_TRUE(may_see(stranger, project, nullptr));
  project.is_private = true;
  EXPECT_FALSE(may_see(stranger, project, nullptr));
  EXPECT_TRUE(may_see(owner, project, nullptr));
  EXPECT_TRUE(may_see(admin, project, nullptr));
  EXPECT_FALSE(may_see(stranger, a_project(State::suspended), nullptr));
}

TEST(ProjectRules, WhatADraftMayBe) {
  const Draft good{.name = "lab.example.org", .end = now + std::chrono::days(1)};
  EXPECT_TRUE(check(good, true, now));
  EXPECT_TRUE(check({}, false, now));
  EXPECT_FALSE(check({}, true, now));
  for (const char* name : {"", "lab", "lab.", ".org", "lab example.org", "-lab.org", "lab.o", "lab.123", "läb.org"}) {
    auto bad = good;
    bad.name = name;
    EXPECT_EQ(check(bad, true, now).error().kind(), Kind::invalid) << name;
  }
  const auto refused = [&](auto change) {
    auto bad = good;
    change(bad);
    const auto done = check(bad, true, now);
    return done ? std::string() : done.error().sentence();
  };
  EXPECT_THAT(refused([](Draft& d) { d.end = now; }), HasSubstr("end_date"));
  EXPECT_THAT(refused([](Draft& d) { d.start = d.end; }), HasSubstr("start_date"));
  EXPECT_THAT(refused([](Draft& d) { d.max_members = -1; }), HasSubstr("max_members"));
  EXPECT_THAT(refused([](Draft& d) { d.homepage = "javascript:alert(1)"; }), HasSubstr("homepage"));
  EXPECT_THAT(refused([](Draft& d) { d.description = std::string(5000, 'x'); }), HasSubstr("description"));
  EXPECT_THAT(refused([](Draft& d) { d.capacities = {{"r", {.project = 1, .member = 2}}}; }), HasSubstr("member"));
  EXPECT_THAT(refused([](Draft& d) { d.capacities = {{"r", {.project = -1, .member = -2}}}; }), HasSubstr("from 0"));
}

TEST(ProjectDraft, IsReadAndWrittenBack) {
  const auto body = json::parse(R"({"name": "lab.example.org", "end_date": "2030-12-31", "join_policy": "auto",
    "max_members": 5, "private": true, "homepage": null, "comments": "please",
    "resources": {"cyclades.vm": {"project_capacity": 9, "member_capacity": 3}}})")
                        .value();
  const auto draft = draft_from(*body.if_object()).value();
  EXPECT_EQ(draft.name, "lab.example.org");
  EXPECT_EQ(draft.join_policy, Policy::automatic);
  EXPECT_FALSE(draft.homepage);
  EXPECT_EQ(draft.capacities.at("cyclades.vm"), (Capacity{.project = 9, .member = 3}));
  const auto again = draft_from(to_json(draft)).value();
  EXPECT_EQ(json::write(to_json(again)), json::write(to_json(draft)));
  EXPECT_EQ(again.end, draft.end);
}

TEST(ProjectDraft, RefusesWrongTypes) {
  for (const char* text :
       {R"({"name": 1})", R"({"end_date": "soon"})", R"({"end_date": 5})", R"({"join_policy": "open"})",
        R"({"max_members": "5"})", R"({"max_members": 1.5})", R"({"private": "yes"})", R"({"resources": []})",
        R"({"resources": {"r": 5}})", R"({"resources": {"r": {"project_capacity": 5}}})"}) {
    const auto body = json::parse(text).value();
    EXPECT_EQ(draft_from(*body.if_object()).error().kind(), Kind::invalid) << text;
  }
}

}  // namespace
}  // namespace nephele::identity::projects
