// SPDX-License-Identifier: Apache-2.0
#include "identity/projects/own.h"

#include <set>

#include "identity/projects/rules.h"
#include "identity/projects/store.h"
#include "identity/projects/upkeep.h"

namespace nephele::identity::projects {

namespace {

constexpr std::string_view deactivation = "user_deactivation", reactivation = "user_reactivation";
constexpr std::chrono::days hundred_years{36'525};

/// Locked, in the order of ids.
std::vector<ProjectLife> all_of(sql::Tx& tx, const AccountId& account) {
  std::set<ProjectId> ids{ProjectId(account.text())};
  for (const auto& membership : store::memberships_of(tx, account)) ids.insert(membership.project);
  for (auto& owned : store::owned_by(tx, account.text())) ids.insert(std::move(owned));
  std::vector<ProjectLife> found;
  for (const auto& id : ids)
    if (auto project = store::lock(tx, id)) found.push_back(std::move(*project));
  return found;
}

/// `move` tells whether it changed the project, or the membership.
template <class MoveProject, class MoveMembership>
Result<> change_all_of(sql::Tx& tx, const quota::Quotas& quotas, const AccountId& account, Time now,
                       MoveProject move_project, MoveMembership move_membership) {
  std::vector<quota::Limit> limits;
  auto projects = all_of(tx, account);
  hold_defaults(tx);
  const auto capacities = granted(tx, projects);
  for (std::size_t i = 0; i < projects.size(); ++i) {
    auto& project = projects[i];
    const bool his = project.owner == account.text() || (project.system && project.id.text() == account.text());
    const bool changed = his && move_project(project);
    auto membership = store::membership(tx, project.id, account);
    if (membership && move_membership(*membership)) {
      store::update(tx, *membership, now);
      mirror(tx, *membership);
      if (!changed) add_limits(limits, project, capacities[i], std::span(&*membership, 1));
    }
    if (!changed) continue;
    store::update(tx, project);
    TRY_VOID(mirror(tx, project));
    auto members = store::members(tx, project.id);
    std::erase_if(members, [](const Membership& member) { return !holds_place(member.state); });
    add_limits(limits, project, capacities[i], members);
  }
  return quotas.set_limits(tx, limits);
}

}  // namespace

Result<> open_own(sql::Tx& tx, const quota::Quotas& quotas, const Account& account, Time now) {
  const ProjectId id(account.id.text());
  if (store::lock(tx, id)) return {};
  const ProjectLife own{.id = id,
                        .state = State::active,
                        .name = "system:" + id.text(),
                        .end = now + hundred_years,
                        .join_policy = Policy::closed,
                        .leave_policy = Policy::closed,
                        .max_members = 1,
                        .is_private = true,
                        .system = true,
                        .created = now};
  store::insert(tx, own);
  hold_defaults(tx);
  store::save(tx, id, default_capacities(tx, true));
  Membership member{.id = {}, .project = id, .account = account.id, .state = MembershipState::accepted};
  store::insert(tx, member, now);
  TRY_VOID(mirror(tx, own));
  mirror(tx, member);
  if (account.default_project.empty()) store::set_default_project(tx, account.id, id.text());
  return sync_limits(tx, quotas, own);
}

Result<> suspend_all_of(sql::Tx& tx, const quota::Quotas& quotas, const AccountId& account, Time now) {
  return change_all_of(
      tx, quotas, account, now,
      [now](ProjectLife& project) {
        if (project.state != State::active) return false;
        project.state = State::suspended;
        project.state_reason = deactivation;
        project.deactivated = now;
        return true;
      },
      [](Membership& membership) {
        if (membership.state != MembershipState::accepted) return false;
        membership.state = MembershipState::suspended;
        membership.state_reason = deactivation;
        return true;
      });
}

Result<> resume_all_of(sql::Tx& tx, const quota::Quotas& quotas, const AccountId& account, Time now) {
  return change_all_of(
      tx, quotas, account, now,
      [](ProjectLife& project) {
        if (project.state != State::suspended || project.state_reason != deactivation) return false;
        project.state = State::active;
        project.state_reason = reactivation;
        project.deactivated.reset();
        return true;
      },
      [](Membership& membership) {
        if (membership.state != MembershipState::suspended || membership.state_reason != deactivation) return false;
        membership.state = MembershipState::accepted;
        membership.state_reason = reactivation;
        return true;
      });
}

}  // namespace nephele::identity::projects
