// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <algorithm>

#include <memory>
#include <string>
#include <vector>

#include "identity/directory/store.h"
#include "identity/projects/defaults.h"
#include "identity/projects/projects.h"
#include "identity/projects/store.h"
#include "identity/testing/account_ground.h"

namespace nephele::identity::projects::testing {

/// Projects, and some who administer and want them.
class ProjectsFixture : public identity::testing::AccountGround {
 protected:
  std::vector<std::string> names(const AccountId& who, ProjectFilter filter = {}) {
    std::vector<std::string> out;
    for (const auto& project : run(projects->list(as(who), std::move(filter))).value())
      if (!project.life.system) out.push_back(project.life.name);
    std::ranges::sort(out);  // all are of the same moment
    return out;
  }
  void SetUp() override {
    AccountGround::SetUp();
    ASSERT_TRUE(database().write_now([&](sql::Tx& tx) -> Result<> {
      directory::store::seed_roles(tx);
      for (const char* name : {"cyclades.ram", "cyclades.vm"})
        TRY_VOID(quotas->register_resource(tx, {.name = name, .service_origin = "cyclades_compute"}));
      return {};
    }));
    ASSERT_TRUE(run(modify_resource(database(), *quotas, "cyclades.vm", {.system_default = 2, .project_default = 0})));
    ASSERT_TRUE(run(modify_resource(database(), *quotas, "astakos.pending_app", {.system_default = 2})));
    root = person("root");
    start({root.text()});
  }
  void clear() override { projects.reset(); }
  void start(std::vector<std::string> admins) {
    Settings settings{.admins = std::move(admins), .base_url = base, .precedence = precedence};
    settings.hear_of_new = {{"", "helpdesk@example.org"}};
    settings.hear_of_changes = {{"", "managers@example.org"}};
    projects =
        std::make_unique<Projects>(database(), *quotas, clock, outbox.get(), texts, std::move(settings), log::Logger{});
  }

  /// An account that was accepted.
  AccountId person(const std::string& name) {
    auto account = run(life->add({.email = name + "@example.org"}, {}, "operator")).value();
    EXPECT_TRUE(run(life->verify(account.id, "operator")));
    EXPECT_TRUE(run(life->accept(account.id, "operator")));
    return account.id;
  }
  Caller as(const AccountId& account) const { return projects->caller(account); }
  Draft draft(const std::string& name) const {
    return {.name = name,
            .end = clock.now() + std::chrono::days(30),
            .capacities = {{"cyclades.vm", {.project = 10, .member = 4}}}};
  }
  Submitted applied(const AccountId& owner, Draft wanted) {
    return run(projects->submit(as(owner), std::nullopt, std::move(wanted))).value();
  }
  ProjectId approved(const AccountId& owner, Draft wanted) {
    const auto submitted = applied(owner, std::move(wanted));
    const auto done = act(root, submitted.project, Action::approve, submitted.application);
    EXPECT_TRUE(done) << done.error().sentence();
    return submitted.project;
  }
  Result<> act(const AccountId& who, const ProjectId& project, Action action,
               std::optional<ApplicationId> application = {}, std::string reason = {}) {
    return run(projects->act(as(who), project, action, application, std::move(reason)));
  }
  Result<> act(const AccountId& who, MembershipId membership, Step step) {
    return run(projects->act(as(who), membership, step, "because"));
  }
  Result<MembershipId> join(const AccountId& who, const ProjectId& project) {
    return run(projects->join(as(who), project));
  }
  MembershipState state(MembershipId membership) {
    return run(projects->membership(Projects::the_operator(), membership)).value().membership.state;
  }
  State state(const ProjectId& project) {
    return run(projects->show(Projects::the_operator(), project)).value().life.state;
  }
  /// Limit and usage: of a member, or of a whole project.
  std::string holding(const std::string& holder, const std::string& source, const std::string& resource) {
    for (quota::Key after;;) {
      const auto page = run(quotas->holdings(after, 1000)).value();
      for (const auto& each : page)
        if (each.key == quota::Key{holder, source, resource})
          return std::to_string(each.usage_max) + "/" + std::to_string(each.limit);
      if (page.size() < 1000) return "none";
      after = page.back().key;
    }
  }
  std::string vms(const AccountId& account, const ProjectId& project) {
    return holding("user:" + account.text(), "project:" + project.text(), "cyclades.vm");
  }
  std::string vms(const ProjectId& project) { return holding("project:" + project.text(), "", "cyclades.vm"); }
  std::string units(const AccountId& account) {
    return holding("user:" + account.text(), "project:" + account.text(), "astakos.pending_app");
  }
  bool is_member_in_directory(const AccountId& account, const ProjectId& project) {
    const auto roles = database().read_now([&](sql::Tx& tx) {
      return directory::store::effective_roles(tx, account, {TargetKind::project, project.text()});
    });
    return !roles.value().empty();
  }
  std::optional<Project> in_directory(const ProjectId& project) {
    return database().read_now([&](sql::Tx& tx) { return directory::store::project(tx, project); }).value();
  }
  std::string default_of(const AccountId& account) {
    return run(identity->find(account)).value().default_project.text();
  }

  decltype(Settings::precedence) precedence;  ///< for the next start()
  std::unique_ptr<Projects> projects;
  AccountId root;  ///< an administrator of projects
};

}  // namespace nephele::identity::projects::testing
