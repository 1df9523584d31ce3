// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <future>

#include "identity/projects/projects.h"
#include "identity/projects/testing/projects_fixture.h"

namespace nephele::identity::projects {
namespace {

class ProjectsInTwoProcessesTest : public testing::ProjectsFixture {};
INSTANTIATE_TEST_SUITE_P(Engines, ProjectsInTwoProcessesTest, sql::testing::all_engines(), sql::testing::engine_name);

std::vector<bool> all_at_once(IoThreads& threads, std::vector<Task<bool>> tasks) {
  std::vector<std::future<bool>> ends;
  for (auto& task : tasks)
    ends.push_back(asio::co_spawn(threads.executors()[ends.size() % 2], std::move(task), asio::use_future));
  std::vector<bool> done;
  for (auto& end : ends) {
    EXPECT_EQ(end.wait_for(std::chrono::minutes(2)), std::future_status::ready);
    done.push_back(end.get());
  }
  return done;
}

struct TwoProcesses {
  TwoProcesses(sql::testing::TestDatabase& fresh, const Clock& clock, const MailTexts& texts)
      : databases{fresh.open(), fresh.open()},
        quotas{std::make_unique<quota::Quotas>(*databases[0], clock),
               std::make_unique<quota::Quotas>(*databases[1], clock)},
        projects{
            std::make_unique<Projects>(*databases[0], *quotas[0], clock, nullptr, texts, Settings{}, log::Logger{}),
            std::make_unique<Projects>(*databases[1], *quotas[1], clock, nullptr, texts, Settings{}, log::Logger{})} {}
  std::array<std::unique_ptr<sql::Database>, 2> databases;
  std::array<std::unique_ptr<quota::Quotas>, 2> quotas;
  std::array<std::unique_ptr<Projects>, 2> projects;
};

Task<bool> joins(Projects& projects, Caller who, ProjectId lab) {
  const auto done = co_await projects.join(std::move(who), std::move(lab));
  EXPECT_TRUE(done || done.error().kind() == Kind::conflict) << done.error().sentence();
  co_return done.has_value();
}
Task<bool> applies(Projects& projects, Caller who, Draft wanted) {
  const auto done = co_await projects.submit(std::move(who), std::nullopt, std::move(wanted));
  EXPECT_TRUE(done || done.error().kind() == Kind::conflict) << done.error().sentence();
  co_return done.has_value();
}

TEST_P(ProjectsInTwoProcessesTest, TwoProcessesNeverLetInOneTooMany) {
  const auto ada = person("ada");
  auto wanted = draft("lab.example.org");
  wanted.join_policy = Policy::automatic;
  wanted.max_members = 5;
  const auto lab = approved(ada, wanted);
  std::vector<AccountId> people;
  for (int i = 0; i < 24; ++i) people.push_back(person("p" + std::to_string(i)));
  TwoProcesses both(fresh(), clock, texts);
  std::vector<Task<bool>> tasks;
  for (std::size_t i = 0; i < people.size(); ++i) tasks.push_back(joins(*both.projects[i % 2], as(people[i]), lab));
  const auto done = all_at_once(*threads, std::move(tasks));
  EXPECT_EQ(std::ranges::count(done, true), 5);
  std::size_t inside = 0;
  for (const auto& each : people) inside += vms(each, lab) == "0/4" ? 1U : 0U;
  EXPECT_EQ(inside, 5U);
  EXPECT_EQ(run(projects->show(as(ada), lab)).value().members, 5);
}

constexpr sql::Statement waits_for_locks{"test.waits_for_locks", "SELECT COUNT(*) FROM pg_locks WHERE NOT granted"};

TEST_P(ProjectsInTwoProcessesTest, TwoProcessesLoseNoTagsOfTheDirectory) {
  const auto lab = approved(person("ada"), draft("lab.example.org"));
  TwoProcesses both(fresh(), clock, texts);
  std::promise<void> tagged;
  std::thread other([&] {
    EXPECT_TRUE(both.databases[0]->write_now([&](sql::Tx& tx) -> Result<> {
      directory::store::changed(tx);
      auto row = directory::store::project(tx, lab).value();
      row.tags = {"kept"};
      EXPECT_TRUE(directory::store::update(tx, row, row.name));
      tagged.set_value();
      // On PostgreSQL the other one gets as far as the first row that we hold; on SQLite it does not begin.
      if (both.databases[0]->engine() == sql::Engine::postgresql)
        eventually(
            [&] {
              return database().read_now([](sql::Tx& r) { return r.one(waits_for_locks).integer(0); }).value() > 0;
            },
            std::chrono::seconds(10));
      return {};
    }));
  });
  tagged.get_future().wait();
  EXPECT_TRUE(run(both.projects[1]->modify(lab, {.description = "new"})));
  other.join();
  EXPECT_EQ(in_directory(lab)->description, "new");
  EXPECT_EQ(in_directory(lab)->tags, std::vector<std::string>{"kept"});
}

TEST_P(ProjectsInTwoProcessesTest, TwoProcessesNeverTakeOneApplicationTooMany) {
  const auto ada = person("ada");
  TwoProcesses both(fresh(), clock, texts);
  std::vector<Task<bool>> tasks;
  for (std::size_t i = 0; i < 16; ++i)
    tasks.push_back(applies(*both.projects[i % 2], {.account = ada}, draft("p" + std::to_string(i) + ".example.org")));
  const auto done = all_at_once(*threads, std::move(tasks));
  EXPECT_EQ(std::ranges::count(done, true), 2);
  EXPECT_EQ(units(ada), "2/2");
  EXPECT_EQ(names(ada).size(), 2U);
}

}  // namespace
}  // namespace nephele::identity::projects
