// SPDX-License-Identifier: Apache-2.0
// Random histories of projects, memberships and accounts, told to a simple model: each outcome must be the model's, and
// so must everything at the end. Then several at once in two processes, after which all must agree with itself.
#include <gmock/gmock.h>

#include <future>
#include <random>

#include "identity/projects/testing/model.h"
#include "identity/projects/testing/projects_fixture.h"
#include "identity/projects/upkeep.h"

namespace nephele::identity::projects {
namespace {

using ::testing::IsEmpty;
using testing::Model;

constexpr std::size_t people_count = 6, steps = 500;

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  std::size_t roll(std::size_t sides) { return std::uniform_int_distribution<std::size_t>(0, sides - 1)(engine_); }
  int person() { return static_cast<int>(roll(people_count)); }
  Policy policy() { return static_cast<Policy>(1 + roll(3)); }
  /// Mostly one who may.
  int owner_or(int owner) { return roll(4) == 0 ? person() : roll(3) == 0 ? Model::administrator : owner; }

 private:
  std::mt19937_64 engine_;
};

class ProjectHistory : public testing::ProjectsFixture {
 protected:
  void SetUp() override {
    ProjectsFixture::SetUp();
    accounts.push_back(root);
    for (std::size_t i = 1; i < people_count; ++i) accounts.push_back(person("p" + std::to_string(i)));
  }
  const AccountId& account(int who) const { return accounts[static_cast<std::size_t>(who)]; }
  Caller as_person(int who) const { return as(account(who)); }

  bool submitted(int who, Dice& dice) {
    Draft wanted = draft("n" + std::to_string(dice.roll(20)) + ".example.org");
    const auto member = static_cast<std::int64_t>(dice.roll(5)),
               whole = member + static_cast<std::int64_t>(dice.roll(9));
    wanted.join_policy = dice.policy();
    wanted.leave_policy = dice.policy();
    wanted.max_members = static_cast<std::int64_t>(1 + dice.roll(4));
    wanted.capacities = {{"cyclades.vm", {.project = whole, .member = member}}};
    const auto done = run(projects->submit(as_person(who), std::nullopt, wanted));
    if (done) uuids.push_back(done->project);
    if (done) last.push_back(done->application);
    return done.has_value() == model.submit(who, *wanted.name, *wanted.join_policy, *wanted.leave_policy,
                                            *wanted.max_members, member, whole);
  }
  bool modified(int who, std::size_t which, Dice& dice) {
    const auto member = static_cast<std::int64_t>(dice.roll(5)),
               whole = member + static_cast<std::int64_t>(dice.roll(9));
    const auto done = run(projects->submit(as_person(who), uuids[which],
                                           {.capacities = {{"cyclades.vm", {.project = whole, .member = member}}}}));
    if (done) last[which] = done->application;
    return done.has_value() == model.modify(who, which, member, whole);
  }
  bool acted(int who, std::size_t which, Action action) {
    const bool done = act(account(who), uuids[which], action, last[which], "because").has_value();
    if (done) happened.emplace(to_string(action));
    switch (action) {
      case Action::approve:
        return done == model.approve(who, which);
      case Action::deny:
        return done == model.deny(who, which);
      case Action::cancel:
        return done == model.cancel(who, which);
      case Action::dismiss:
        return done == model.dismiss(who, which);
      case Action::suspend:
        return done == model.move(who, which, State::active, State::active, State::suspended);
      case Action::unsuspend:
        return done == model.move(who, which, State::suspended, State::suspended, State::active);
      case Action::terminate:
        return done == model.move(who, which, State::active, State::suspended, State::terminated);
      case Action::reinstate:
        return done == model.move(who, which, State::terminated, State::terminated, State::active);
    }
    return false;
  }
  bool stepped(int who, std::size_t which, int whom, Step step) {
    const auto membership = memberships.find({which, whom});
    const bool done = membership != memberships.end() && act(account(who), membership->second, step).has_value();
    if (done) happened.emplace(to_string(step));
    switch (step) {
      case Step::leave:
        return done == (who == whom && model.leave(whom, which));
      case Step::cancel:
        return done == (who == whom && model.withdraw(whom, which));
      case Step::accept:
        return done == model.accept(who, which, whom);
      case Step::reject:
        return done == model.reject(who, which, whom);
      case Step::remove:
        return done == model.remove(who, which, whom);
    }
    return false;
  }
  bool entered(int who, std::size_t which, int whom, bool by_owner) {
    const auto done = by_owner ? run(projects->enroll(as_person(who), uuids[which], account(whom).text()))
                               : run(projects->join(as_person(whom), uuids[which]));
    if (done) memberships[{which, whom}] = *done;
    if (done) happened.emplace(by_owner ? "enroll" : "join");
    return done.has_value() == (by_owner ? model.enroll(who, which, whom) : model.join(whom, which));
  }
  bool slept(Dice& dice) {
    const int who = 1 + static_cast<int>(dice.roll(people_count - 1));
    if (dice.roll(3) != 0) return run(life->activate(account(who), "operator")).has_value() == model.activate(who);
    model.deactivate(who);
    return run(life->deactivate(account(who), "sleeps", "operator")).has_value();
  }
  /// Mostly one of which `fits` is true, so that more is done than refused.
  template <class F>
  std::size_t some_project(Dice& dice, F fits) {
    std::vector<std::size_t> fitting;
    for (std::size_t i = 0; i < uuids.size(); ++i)
      if (fits(model.projects()[i])) fitting.push_back(i);
    return fitting.empty() || dice.roll(5) == 0 ? dice.roll(uuids.size()) : fitting[dice.roll(fitting.size())];
  }
  std::size_t project_in(Dice& dice, State state) {
    return some_project(dice, [state](const Model::Project& project) { return project.state == state; });
  }
  std::size_t application_in(Dice& dice, ApplicationState state) {
    return some_project(dice, [state](const Model::Project& project) { return project.last.state == state; });
  }
  static int member_in(const Model::Project& project, MembershipState state) {
    for (const auto& [who, member] : project.members)
      if (member.state == state) return who;
    return -1;
  }
  bool stepped_by(Dice& dice, Step step, MembershipState from) {
    const std::size_t which =
        some_project(dice, [from](const Model::Project& project) { return member_in(project, from) >= 0; });
    const int found = member_in(model.projects()[which], from);
    const int whom = found < 0 || dice.roll(6) == 0 ? dice.person() : found;
    const bool own = step == Step::leave || step == Step::cancel;
    const int who = !own ? dice.owner_or(model.projects()[which].owner) : dice.roll(6) == 0 ? dice.person() : whom;
    return stepped(who, which, whom, step);
  }
  bool acted_by(Dice& dice, Action action, std::size_t which) {
    const bool own = action == Action::cancel || action == Action::dismiss;
    return acted(dice.owner_or(own ? model.projects()[which].owner : Model::administrator), which, action);
  }
  /// One step of the history; false when model and service disagree.
  bool stroll(Dice& dice) {
    if (uuids.empty() || dice.roll(12) == 0) return submitted(dice.person(), dice);
    const std::size_t active = project_in(dice, State::active);
    const int owner = model.projects()[active].owner;
    switch (dice.roll(24)) {
      case 0:
        return slept(dice);
      case 1:
        return modified(dice.owner_or(owner), active, dice);
      case 2:
        return acted_by(dice, Action::suspend, active);
      case 3:
        return acted_by(dice, Action::unsuspend, project_in(dice, State::suspended));
      case 4:
        return acted_by(dice, dice.roll(3) == 0 ? Action::terminate : Action::suspend, active);
      case 5:
        return acted_by(dice, Action::reinstate, project_in(dice, State::terminated));
      case 6:
        return acted_by(dice, Action::deny, application_in(dice, ApplicationState::pending));
      case 7:
        return acted_by(dice, Action::dismiss, application_in(dice, ApplicationState::denied));
      case 8:
        return dice.roll(3) != 0 || acted_by(dice, Action::cancel, application_in(dice, ApplicationState::pending));
      case 9:
      case 10:
      case 11:
        return acted_by(dice, Action::approve, application_in(dice, ApplicationState::pending));
      case 12:
      case 13:
        return stepped_by(dice, Step::accept, MembershipState::requested);
      case 14:
        return stepped_by(dice, Step::reject,
                          dice.roll(2) == 0 ? MembershipState::requested : MembershipState::leave_requested);
      case 15:
        return stepped_by(dice, Step::cancel,
                          dice.roll(2) == 0 ? MembershipState::requested : MembershipState::leave_requested);
      case 16:
        return stepped_by(dice, Step::leave, MembershipState::accepted);
      case 17:
        return stepped_by(dice, Step::remove,
                          dice.roll(2) == 0 ? MembershipState::accepted : MembershipState::suspended);
      default:
        return entered(dice.owner_or(owner), active, dice.person(), dice.roll(2) == 0);
    }
  }

  /// States, limits, the directory's view.
  void compare() {
    for (std::size_t i = 0; i < uuids.size(); ++i) {
      const auto& expected = model.projects()[i];
      const auto& id = uuids[i];
      const auto shown = run(projects->show(Projects::the_operator(), id)).value();
      ASSERT_EQ(shown.life.state, expected.state) << i;
      ASSERT_EQ(shown.last_application->state, expected.last.state) << i;
      const bool open = expected.state == State::active;
      const bool lived = expected.state != State::uninitialized && expected.state != State::deleted;
      ASSERT_EQ(vms(id), lived ? "0/" + std::to_string(open ? expected.whole : 0) : "none") << i;
      const auto mirrored = in_directory(id);
      ASSERT_EQ(mirrored.has_value(), lived) << i;
      if (lived) {
        ASSERT_EQ(mirrored->enabled, open) << i;
      }
      for (const auto& [who, member] : expected.members) {
        ASSERT_EQ(state(memberships.at({i, who})), member.state) << i << " " << who;
        const bool in = counts(member.state);
        ASSERT_EQ(is_member_in_directory(account(who), id), in) << i << " " << who;
        const auto held = vms(account(who), id);
        ASSERT_TRUE(held == "0/" + std::to_string(in && open ? expected.member : 0) || (!in && held == "none"))
            << i << " " << who << " " << held;
      }
    }
    for (std::size_t i = 0; i < people_count; ++i) {
      const auto& expected = model.people()[i];
      ASSERT_EQ(units(accounts[i]),
                std::to_string(expected.units) + "/" + std::to_string(expected.own_active ? Model::units_limit : 0));
    }
  }
  /// What is written in several places is the same in all.
  void agrees_with_itself() {
    const ProjectLimits expected;
    const auto findings = run(quotas->verify(expected, {}));
    for (const auto& finding : findings.value())
      ADD_FAILURE() << finding.expected.key.holder << " " << finding.expected.key.source << " "
                    << finding.expected.key.resource << ": " << finding.found.limit << " is not "
                    << finding.expected.limit;
    EXPECT_THAT(run(projects->reconcile(std::nullopt, false, false)).value(), IsEmpty());
    for (const auto& project : run(projects->list(Projects::the_operator(), {})).value()) {
      EXPECT_LE(project.members, project.life.max_members);
      for (const auto& each : run(projects->memberships(Projects::the_operator(), project.life.id)).value())
        EXPECT_EQ(is_member_in_directory(each.membership.account, project.life.id), counts(each.membership.state));
    }
  }

  std::vector<AccountId> accounts;
  std::vector<ProjectId> uuids;
  std::vector<ApplicationId> last;
  std::map<std::pair<std::size_t, int>, MembershipId> memberships;
  Model model{people_count};
  std::set<std::string> happened;  ///< what was not only tried
};
INSTANTIATE_TEST_SUITE_P(Engines, ProjectHistory, sql::testing::all_engines(), sql::testing::engine_name);

TEST_P(ProjectHistory, IsTheModels) {
  constexpr std::uint64_t seed = 11;  // of one that comes by everything
  Dice dice(seed);
  for (std::size_t step = 0; step < steps; ++step) {
    ASSERT_TRUE(stroll(dice)) << "step " << step << " of seed " << seed;
    if (step % 150 == 149) compare();
    if (HasFatalFailure()) FAIL() << "after step " << step << " of seed " << seed;
  }
  agrees_with_itself();
  EXPECT_THAT(happened, ::testing::UnorderedElementsAre("suspend", "unsuspend", "terminate", "reinstate", "approve",
                                                        "deny", "dismiss", "cancel", "leave", "accept", "reject",
                                                        "remove", "join", "enroll"));
}

/// Anything, whatever comes of it, but no error that would be ours.
Task<> wanders(Projects& projects, const std::vector<AccountId>& accounts, const std::vector<ProjectId>& labs,
               std::vector<std::string>& surprises, std::uint64_t seed) {
  Dice dice(seed);
  const auto note = [&](const auto& done) {
    if (done) return;
    const auto kind = done.error().kind();
    if (kind != Kind::conflict && kind != Kind::forbidden && kind != Kind::not_found && kind != Kind::invalid)
      surprises.push_back(done.error().sentence());
  };
  for (int step = 0; step < 40; ++step) {
    const ProjectId& lab = labs[dice.roll(labs.size())];
    const Caller who = projects.caller(accounts[dice.roll(accounts.size())]);
    const Caller root = projects.caller(accounts.front());
    const MembershipId membership(static_cast<std::int64_t>(1 + dice.roll(30)));
    switch (dice.roll(8)) {
      case 0:
        note(co_await projects.submit(who, lab, Draft{.capacities = {{"cyclades.vm", {.project = 9, .member = 3}}}}));
        break;
      case 1: {
        const auto shown = co_await projects.show(root, lab);
        if (shown) note(co_await projects.act(root, lab, Action::approve, shown->life.last_application, {}));
        break;
      }
      case 2:
        note(co_await projects.act(root, lab, static_cast<Action>(dice.roll(4)), std::nullopt, {}));
        break;
      case 3:
        note(co_await projects.act(who, lab, Action::cancel, std::nullopt, {}));
        break;
      case 4:
        note(co_await projects.enroll(root, lab, accounts[dice.roll(accounts.size())].text()));
        break;
      case 5:
        note(co_await projects.act(dice.roll(2) == 0 ? root : who, membership, static_cast<Step>(dice.roll(5)), {}));
        break;
      default:
        note(co_await projects.join(who, lab));
    }
  }
}

Task<> naps(life::AccountLife& life, std::vector<AccountId> accounts, std::vector<std::string>& surprises) {
  for (int round = 0; round < 12; ++round) {
    const AccountId& who = accounts[1 + static_cast<std::size_t>(round) % (accounts.size() - 1)];
    if (const auto done = co_await life.deactivate(who, "a nap", "operator"); !done)
      surprises.push_back(done.error().sentence());
    if (const auto done = co_await life.activate(who, "operator"); !done) surprises.push_back(done.error().sentence());
  }
}

TEST_P(ProjectHistory, OfTwoProcessesAtOnceAgreesWithItself) {
  std::vector<ProjectId> labs;
  for (int i = 0; i < 3; ++i) {
    auto wanted = draft("lab" + std::to_string(i) + ".example.org");
    wanted.join_policy = i == 0 ? Policy::moderated : Policy::automatic;
    wanted.max_members = 2;
    labs.push_back(approved(accounts[static_cast<std::size_t>(i)], wanted));
  }
  const auto other = fresh().open();
  quota::Quotas there(*other, clock);
  Projects elsewhere(*other, there, clock, nullptr, texts, Settings{.admins = {root.text()}}, log::Logger{});
  constexpr std::size_t clients = 8;
  std::vector<std::vector<std::string>> surprises(clients + 1);
  std::vector<std::future<void>> ends;
  for (std::size_t i = 0; i < clients; ++i)
    ends.push_back(asio::co_spawn(threads->executors()[i % 2],
                                  wanders(i % 2 == 0 ? *projects : elsewhere, accounts, labs, surprises[i], 100 + i),
                                  asio::use_future));
  ends.push_back(asio::co_spawn(threads->executors()[0], naps(*life, accounts, surprises[clients]), asio::use_future));
  for (auto& end : ends) {
    ASSERT_EQ(end.wait_for(std::chrono::minutes(3)), std::future_status::ready);
    end.get();
  }
  for (const auto& said : surprises) EXPECT_THAT(said, IsEmpty());
  agrees_with_itself();
}

}  // namespace
}  // namespace nephele::identity::projects
