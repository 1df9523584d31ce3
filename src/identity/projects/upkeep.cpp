// SPDX-License-Identifier: Apache-2.0
#include "identity/projects/upkeep.h"

#include <fmt/format.h>

#include <array>
#include <set>

#include "identity/account_name.h"
#include "identity/directory/store.h"
#include "identity/projects/rules.h"
#include "identity/projects/store.h"
#include "identity/quota/resource_store.h"
#include "identity/store.h"

namespace nephele::identity::projects {

namespace names = directory::store;

void add_limits(std::vector<quota::Limit>& limits, const ProjectLife& project, const Capacities& capacities,
                std::span<const Membership> members) {
  const bool open = project.state == State::active;
  const auto source = quota::project_ref(project.id.text());
  for (const auto& [resource, capacity] : capacities)
    limits.push_back({.key = {source, "", resource}, .limit = open ? capacity.project : 0});
  for (const auto& member : members) {
    const auto holder = quota::user_ref(member.account.text());
    const bool may_use = open && counts(member.state);
    for (const auto& [resource, capacity] : capacities)
      limits.push_back({.key = {holder, source, resource}, .limit = may_use ? capacity.member : 0});
  }
}

namespace {

/// Somebody who was never in gets no holdings.
void leave_out_strangers(std::vector<Membership>& members) {
  std::erase_if(members, [](const Membership& member) {
    return member.state == MembershipState::requested || member.state == MembershipState::rejected ||
           member.state == MembershipState::cancelled;
  });
}

}  // namespace

Result<> sync_limits(sql::Tx& tx, const quota::Quotas& quotas, const ProjectLife& project) {
  hold_defaults(tx);
  std::vector<quota::Limit> limits;
  auto members = store::members(tx, project.id);
  leave_out_strangers(members);
  add_limits(limits, project, granted(tx, project), members);
  return quotas.set_limits(tx, limits);
}

Result<> sync_limits(sql::Tx& tx, const quota::Quotas& quotas, const ProjectLife& project, const Membership& member) {
  hold_defaults(tx);
  std::vector<quota::Limit> limits;
  add_limits(limits, project, granted(tx, project), std::span(&member, 1));
  std::erase_if(limits, [](const quota::Limit& limit) { return limit.key.source.empty(); });
  return quotas.set_limits(tx, limits);
}

Capacities default_capacities(sql::Tx& tx, bool system) {
  Capacities all;
  for (const auto& resource : quota::resources::all(tx)) {
    const auto amount = system ? resource.system_default : resource.project_default;
    all.emplace(resource.name, Capacity{.project = amount, .member = amount});
  }
  return all;
}

Capacities granted(sql::Tx& tx, const ProjectLife& project) {
  auto all = store::capacities(tx, project.id);
  all.merge(default_capacities(tx, project.system));
  return all;
}

std::vector<Capacities> granted(sql::Tx& tx, std::span<const ProjectLife> projects) {
  std::set<ProjectId> ids;
  for (const auto& project : projects) ids.insert(project.id);
  auto own = store::capacities(tx, ids);
  const std::array defaults{default_capacities(tx, false), default_capacities(tx, true)};
  std::vector<Capacities> out;
  for (const auto& project : projects) {
    auto& all = out.emplace_back(std::move(own[project.id]));
    all.insert(defaults[project.system ? 1 : 0].begin(), defaults[project.system ? 1 : 0].end());
  }
  return out;
}

void hold_defaults(sql::Tx& tx) {
  names::changed(tx);
}

Result<> mirror(sql::Tx& tx, const ProjectLife& project) {
  if (project.state == State::uninitialized) return {};
  names::changed(tx);  // first: the whole row is written, with what others have made of the rest of it
  auto there = names::project(tx, project.id);
  if (!there && project.state == State::deleted) return {};
  const bool over = project.state == State::terminated || project.state == State::deleted;
  // What is over gives its name to others.
  const std::string name = over ? "terminated:" + project.id.text() : project.name;
  const bool is_new = !there;
  Project row = there ? std::move(*there)
                      : Project{.id = project.id,
                                .domain = DomainId(std::string(default_domain)),
                                .parent = {},
                                .name = {},
                                .description = {},
                                .enabled = true,
                                .tags = {},
                                .created = project.created};
  row.name = name;
  row.description = project.description;
  row.enabled = project.state == State::active;
  const auto key = label_key(name).value_or(name);
  if (!(is_new ? names::insert(tx, row, key) : names::update(tx, row, key)))
    return fail(Kind::conflict, fmt::format("A project with name '{}' already exists; choose another name", name));
  if (!row.enabled) identity::store::remove_tokens_for(tx, {TargetKind::project, row.id.text()});
  return {};
}

void mirror(sql::Tx& tx, const Membership& membership) {
  auto role = names::role_named(tx, DomainId(), member_role);
  if (!role) {
    names::seed_roles(tx);  // no identity service may have run yet
    role = names::role_named(tx, DomainId(), member_role);
  }
  if (!role) return;
  const Assignment assignment{.actor = {ActorKind::user, membership.account.text()},
                              .target = {TargetKind::project, membership.project.text()},
                              .role = role->id};
  if (counts(membership.state))
    names::insert(tx, assignment);
  else
    names::remove(tx, assignment);
}

namespace {

struct Judged {
  ProjectLife life;
  Capacities capacities;
};

/// In the order given, without those that never began. A deleted project gives nothing, of what it once gave something
/// of.
std::vector<Judged> judged(sql::Tx& tx, std::vector<ProjectLife> projects) {
  std::erase_if(projects, [](const ProjectLife& project) { return project.state == State::uninitialized; });
  std::set<ProjectId> deleted;
  for (const auto& project : projects)
    if (project.state == State::deleted) deleted.insert(project.id);
  auto capacities = granted(tx, projects);
  auto own = store::capacities(tx, deleted);
  std::vector<Judged> out;
  for (std::size_t i = 0; i < projects.size(); ++i) {
    auto& gives = deleted.contains(projects[i].id) ? own[projects[i].id] : capacities[i];
    out.push_back({.life = std::move(projects[i]), .capacities = std::move(gives)});
  }
  return out;
}

ProjectId project_of(const quota::Key& key) {
  return ProjectId(std::string(quota::uuid_of(key.source.empty() ? key.holder : key.source)));
}
AccountId account_of(const quota::Key& key) {
  return AccountId(std::string(quota::uuid_of(key.holder)));
}

}  // namespace

std::map<quota::Key, quota::Amount> ProjectLimits::of(sql::Tx& tx, std::span<const quota::Key> keys) const {
  std::set<ProjectId> ids;
  std::set<std::pair<ProjectId, AccountId>> pairs;
  for (const auto& key : keys) {
    ids.insert(project_of(key));
    if (!key.source.empty()) pairs.emplace(project_of(key), account_of(key));
  }
  std::vector<ProjectLife> lives;
  for (auto& [id, life] : store::projects(tx, ids)) lives.push_back(life);
  std::map<ProjectId, Judged> known;
  for (auto& project : judged(tx, std::move(lives))) {
    const auto id = project.life.id;
    known.emplace(id, std::move(project));
  }
  const auto memberships = store::memberships(tx, pairs);
  std::map<quota::Key, quota::Amount> expected;
  for (const auto& key : keys) {
    const auto project = known.find(project_of(key));
    if (project == known.end()) continue;
    const auto capacity = project->second.capacities.find(key.resource);
    if (capacity == project->second.capacities.end()) continue;
    std::vector<Membership> members;
    if (!key.source.empty())
      if (const auto member = memberships.find({project->first, account_of(key)}); member != memberships.end())
        members.push_back(member->second);
    leave_out_strangers(members);
    std::vector<quota::Limit> limits;
    add_limits(limits, project->second.life, {*capacity}, members);
    for (const auto& limit : limits)
      if (limit.key == key) expected.emplace(key, limit.limit);
  }
  return expected;
}

quota::Expectations::Page ProjectLimits::all(sql::Tx& tx, const std::string& after) const {
  constexpr std::size_t projects_at_once = 200;
  auto projects = store::page(tx, true, after, projects_at_once);
  Page page;
  if (projects.size() == projects_at_once) page.next = projects.back().id.text();
  std::set<ProjectId> ids;
  for (const auto& project : projects) ids.insert(project.id);
  auto members = store::members(tx, ids);
  for (const auto& [life, capacities] : judged(tx, std::move(projects))) {
    leave_out_strangers(members[life.id]);
    add_limits(page.limits, life, capacities, members[life.id]);
  }
  return page;
}

}  // namespace nephele::identity::projects
