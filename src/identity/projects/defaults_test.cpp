// SPDX-License-Identifier: Apache-2.0
#include "identity/projects/defaults.h"

#include <future>
#include <thread>

#include "identity/projects/testing/projects_fixture.h"
#include "identity/projects/upkeep.h"

namespace nephele::identity::projects {
namespace {

constexpr const char* space = "pithos.diskspace";

class DefaultsTest : public testing::ProjectsFixture {
 protected:
  std::optional<Spreading> spread(const Spreading& from, std::size_t at_once) {
    return database().write_now([&](sql::Tx& tx) { return spread_default(tx, *quotas, from, at_once); }).value();
  }
  void register_space() {
    ASSERT_TRUE(database().write_now([&](sql::Tx& tx) -> Result<> {
      TRY_VOID(quotas->register_resource(tx, {.name = space, .service_origin = "pithos"}));
      TRY_VOID(spread_default(tx, *quotas, {.resource = space, .after = {}}));
      return {};
    }));
  }
  Result<quota::Resource> change(quota::Amount system, quota::Amount project, const std::string& resource = space) {
    return run(modify_resource(database(), *quotas, resource, {.system_default = system, .project_default = project}));
  }
  std::string of(const AccountId& account, const ProjectId& project) {
    return holding("user:" + account.text(), "project:" + project.text(), space);
  }
  std::string of(const ProjectId& project) { return holding("project:" + project.text(), "", space); }
  std::vector<quota::Finding> findings(bool fix = false) {
    const ProjectLimits expected;
    return run(quotas->verify(expected, {.fix = fix})).value();
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, DefaultsTest, sql::testing::all_engines(), sql::testing::engine_name);

TEST_P(DefaultsTest, ADefaultReachesAllProjectsThatSayNothing) {
  const auto ada = person("ada"), bob = person("bob"), eve = person("eve");
  const auto lab = approved(ada, draft("lab.example.org")), other = approved(ada, draft("other.example.org"));
  const auto asleep = approved(ada, draft("asleep.example.org"));
  ASSERT_TRUE(run(projects->enroll(as(ada), lab, "bob@example.org")));
  const auto eves = run(projects->enroll(as(ada), lab, "eve@example.org")).value();
  ASSERT_TRUE(act(ada, eves, Step::remove));
  ASSERT_TRUE(run(projects->submit(as(ada), std::nullopt, draft("waits.example.org"))));
  ASSERT_TRUE(act(root, asleep, Action::suspend));
  const ProjectId own(ada.text());

  register_space();
  const auto inf = "0/" + std::to_string(quota::unlimited);
  EXPECT_EQ(of(own), inf);
  EXPECT_EQ(of(ada, own), inf);
  EXPECT_EQ(of(lab), "0/0");
  EXPECT_EQ(of(bob, lab), "0/0");
  EXPECT_EQ(findings().size(), 0U);

  ASSERT_TRUE(run(projects->modify(other, {.capacities = {{space, {.project = 90, .member = 30}}}})));
  ASSERT_TRUE(change(5, 7));
  EXPECT_EQ(of(own), "0/5");
  EXPECT_EQ(of(ada, own), "0/5");
  EXPECT_EQ(of(lab), "0/7");
  EXPECT_EQ(of(bob, lab), "0/7");
  EXPECT_EQ(of(eve, lab), "0/0");  // no longer in
  EXPECT_EQ(of(other), "0/90");    // has a word of its own
  EXPECT_EQ(of(asleep), "0/0");
  ASSERT_TRUE(act(root, asleep, Action::unsuspend));
  EXPECT_EQ(of(asleep), "0/7");
  EXPECT_EQ(run(projects->show(as(ada), lab)).value().capacities.at(space), (Capacity{.project = 7, .member = 7}));
  ASSERT_TRUE(change(6, 8));  // also where it was seen before
  EXPECT_EQ(of(asleep), "0/8");
  EXPECT_EQ(of(own), "0/6");

  // What a project got when it was made is its own.
  ASSERT_TRUE(change(9, 9, "cyclades.vm"));
  EXPECT_EQ(vms(own), "0/2");
  EXPECT_EQ(vms(lab), "0/10");
  EXPECT_EQ(change(-1, 0).error().kind(), Kind::invalid);
  EXPECT_EQ(change(1, 1, "no.such").error().kind(), Kind::not_found);
  EXPECT_EQ(findings().size(), 0U);
}

TEST_P(DefaultsTest, OfVeryManyProjectsAFewAtATime) {
  const auto ada = person("ada"), bob = person("bob");
  const auto lab = approved(ada, draft("lab.example.org"));
  ASSERT_TRUE(database().write_now(
      [&](sql::Tx& tx) { return quotas->register_resource(tx, {.name = space, .service_origin = "pithos"}); }));
  std::size_t steps = 0;
  for (std::optional<Spreading> next = Spreading{.resource = space, .after = {}}; next; ++steps)
    next = spread(*next, 1);
  EXPECT_EQ(steps, 5U);  // root's, Ada's, Bob's, the laboratory, and nothing more
  EXPECT_EQ(findings().size(), 0U);
  EXPECT_FALSE(spread({.resource = "no.such", .after = {}}, 1));
}

/// Projects change in many ways while defaults do, and while somebody verifies and fixes: it all fits in the end.
TEST_P(DefaultsTest, ChangesAtTheSameTimeAgree) {
  const auto ada = person("ada");
  const auto lab = approved(ada, draft("lab.example.org"));
  register_space();
  auto defaults = std::async(std::launch::async, [&] {
    for (int i = 1; i <= 12; ++i) EXPECT_TRUE(change(i, quota::Amount{10} * i));
  });
  auto fixes = std::async(std::launch::async, [&] {
    for (int i = 0; i < 6; ++i)
      for (const auto& finding : findings(true)) EXPECT_NE(finding.flaw, quota::Flaw::missing);
  });
  for (int i = 0; i < 8; ++i) {
    const auto name = "p" + std::to_string(i);
    const auto who = person(name);
    const auto member = run(projects->enroll(as(ada), lab, name + "@example.org"));
    ASSERT_TRUE(member) << member.error().sentence();
    if (i % 2 == 0) EXPECT_TRUE(act(ada, *member, Step::remove));
    EXPECT_TRUE(act(root, lab, Action::suspend));
    EXPECT_TRUE(act(root, lab, Action::unsuspend));
    if (i % 3 == 0) EXPECT_TRUE(run(identity->remove(who)));
  }
  defaults.get();
  fixes.get();
  EXPECT_EQ(of(lab), "0/120");
  for (const auto& finding : findings())
    ADD_FAILURE() << to_string(finding.flaw) << " " << finding.expected.key.holder << " " << finding.expected.key.source
                  << " " << finding.expected.key.resource << " " << finding.found.limit << " for "
                  << finding.expected.limit;
}

/// Between the look at a limit and its repair nobody comes: who suspends meanwhile is neither undone nor missed.
TEST_P(DefaultsTest, WhatIsFixedIsAsItWasDecidedLast) {
  const auto ada = person("ada");
  const auto lab = approved(ada, draft("lab.example.org"));
  ASSERT_TRUE(database().write_now([&](sql::Tx& tx) {
    return quotas->set_limits(tx, std::vector<quota::Limit>{{{"project:" + lab.text(), "", "cyclades.vm"}, 99}});
  }));
  std::promise<void> looked, decided;
  /// As ProjectLimits, but somebody suspends the project as soon as its limit was looked up.
  class Interrupted final : public quota::Expectations {
   public:
    Interrupted(std::promise<void>& at, std::shared_future<void> until) : at_(at), until_(std::move(until)) {}
    void hold(sql::Tx& tx) const override { inner_.hold(tx); }
    std::map<quota::Key, quota::Amount> of(sql::Tx& tx, std::span<const quota::Key> keys) const override {
      auto found = inner_.of(tx, keys);
      if (!told_) at_.set_value();
      told_ = true;
      // He cannot be done before this transaction is: it holds what he needs.
      EXPECT_EQ(until_.wait_for(std::chrono::milliseconds(200)), std::future_status::timeout);
      return found;
    }
    Page all(sql::Tx& tx, const std::string& after) const override { return inner_.all(tx, after); }

   private:
    ProjectLimits inner_;
    std::promise<void>& at_;
    std::shared_future<void> until_;
    mutable bool told_ = false;
  };
  const Interrupted expected(looked, decided.get_future().share());
  auto suspended = std::async(std::launch::async, [&] {
    looked.get_future().wait();
    EXPECT_TRUE(act(root, lab, Action::suspend));
    decided.set_value();
  });
  const auto fixed = run(quotas->verify(expected, {.fix = true}));
  suspended.get();
  EXPECT_EQ(vms(lab), "0/0");
  EXPECT_EQ(findings().size(), 0U);
}

TEST_P(DefaultsTest, ManyProjectsAreLookedAtWithFewStatements) {
  const auto ada = person("ada");
  const auto lab = approved(ada, draft("lab.example.org")), asleep = approved(ada, draft("asleep.example.org"));
  const auto gone = approved(ada, draft("gone.example.org"));
  const auto waits = applied(ada, draft("waits.example.org")).project;
  std::vector<AccountId> people;
  for (int n = 0; n < 8; ++n) {
    people.push_back(person("p" + std::to_string(n)));
    ASSERT_TRUE(run(projects->enroll(as(ada), lab, people.back().text())));
  }
  ASSERT_TRUE(act(root, asleep, Action::suspend));
  ASSERT_TRUE(database().write_now([&](sql::Tx& tx) {
    Projects::hold(tx, gone);
    return projects->follow_end(tx, Projects::the_operator(), gone);
  }));
  register_space();

  class Counted final : public sql::Connection {
   public:
    explicit Counted(sql::Tx& inner) : inner_(inner) {}
    sql::Rows run(const sql::Statement& statement, std::span<const sql::Value> parameters) override {
      ++statements;
      return inner_.query_list(statement, parameters);
    }
    std::int64_t changed() const override { return 0; }
    std::size_t statements = 0;

   private:
    sql::Tx& inner_;
  };
  std::map<quota::Key, quota::Amount> all;
  ASSERT_TRUE(database().read_now([&](sql::Tx& tx) {
    Counted counted(tx);
    sql::Tx inside(counted);
    const ProjectLimits limits;
    std::vector<quota::Key> keys;
    for (const auto& [key, limit] : limits.all(inside, "").limits) {
      keys.push_back(key);
      all.emplace(key, limit);
    }
    EXPECT_LE(counted.statements, 8U);
    counted.statements = 0;
    EXPECT_EQ(limits.of(inside, keys), all) << "each for itself is as all are";
    EXPECT_LE(counted.statements, 16U) << "of " << keys.size() << " keys";
  }));
  const auto expected = [&](const std::string& holder, const ProjectId& source, const std::string& resource) {
    const auto whole = quota::project_ref(source.text());
    const auto found = all.find(holder.empty() ? quota::Key{whole, "", resource} : quota::Key{holder, whole, resource});
    return found == all.end() ? "nothing" : std::to_string(found->second);
  };
  const auto inf = std::to_string(quota::unlimited);
  EXPECT_EQ(expected("", lab, "cyclades.vm"), "10");
  EXPECT_EQ(expected("", lab, space), "0");
  for (const auto& one : people) {
    EXPECT_EQ(expected(quota::user_ref(one.text()), lab, "cyclades.vm"), "4");
    EXPECT_EQ(expected(quota::user_ref(one.text()), ProjectId(one.text()), "cyclades.vm"), "2");
    EXPECT_EQ(expected("", ProjectId(one.text()), space), inf);
  }
  EXPECT_EQ(expected("", asleep, "cyclades.vm"), "0");
  EXPECT_EQ(expected("", gone, "cyclades.vm"), "0");
  EXPECT_EQ(expected("", gone, space), "nothing") << "it came later";
  EXPECT_EQ(expected("", waits, "cyclades.vm"), "nothing");
  EXPECT_EQ(findings().size(), 0U);
}

}  // namespace
}  // namespace nephele::identity::projects
