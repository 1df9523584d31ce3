// SPDX-License-Identifier: Apache-2.0
// The part of Projects about memberships, and what it shows.
#include <fmt/format.h>

#include "identity/account_name.h"
#include "identity/directory/store.h"
#include "identity/life/store.h"
#include "identity/projects/projects.h"
#include "identity/projects/store.h"
#include "identity/projects/upkeep.h"
#include "identity/store.h"

namespace nephele::identity::projects {

namespace {

constexpr std::size_t rows_max = 10'000;  // of a list at once
constexpr std::size_t reason_bytes = 1024;

std::unexpected<Error> no_project(const ProjectId& id) {
  return fail(Kind::not_found, fmt::format("There is no project with id: {}", id.text()));
}
std::unexpected<Error> no_membership(MembershipId id) {
  return fail(Kind::not_found, fmt::format("There is no membership with id: {}", id.number()));
}
std::unexpected<Error> not_allowed() {
  return fail(Kind::forbidden, "You do not have the permissions to perform this action.");
}
std::unexpected<Error> not_alive(const ProjectId& id) {
  return fail(Kind::conflict, fmt::format("Project {} is not alive.", id.text()));
}

bool is_active(sql::Tx& tx, const AccountId& account) {
  const auto stored = identity::store::find(tx, account);
  return stored && stored->account.enabled;
}

/// Under the project's lock, so that nobody else fills the place.
Result<> check_room(sql::Tx& tx, const ProjectLife& project) {
  if (store::places_taken(tx, project.id) < project.max_members) return {};
  return fail(Kind::conflict, "You have reached the maximum number of members for this Project.");
}

}  // namespace

/// The membership that there was is used again: its id stays.
Result<MembershipId> Projects::enter(sql::Tx& tx, const Caller& caller, const AccountId& account,
                                     const ProjectLife& project, MembershipState state, Time now) {
  auto membership = store::membership(tx, project.id, account);
  const bool asked = membership && membership->state == MembershipState::requested;
  if (membership && associated(membership->state) && !(asked && state == MembershipState::accepted))
    return fail(Kind::conflict, fmt::format("The user is in project {} already, in state '{}'", project.id.text(),
                                            to_string(membership->state)));
  if (state == MembershipState::accepted) TRY_VOID(check_room(tx, project));
  if (membership) {
    membership->state = state;
    membership->state_reason.clear();
    store::update(tx, *membership, now);
  } else {
    membership = Membership{.id = {}, .project = project.id, .account = account, .state = state};
    store::insert(tx, *membership, now);
  }
  note(tx, caller, account.text(), fmt::format("membership.{}", to_string(state)), project, membership->id.text(), now);
  if (state != MembershipState::accepted) return membership->id;
  mirror(tx, *membership);
  TRY_VOID(sync_limits(tx, quotas_, project, *membership));
  return membership->id;
}

Task<Result<MembershipId>> Projects::join(Caller caller, ProjectId id) {
  const Time now = clock_.now();
  CO_TRY(const auto membership, co_await database_.write([&](sql::Tx& tx) -> Result<MembershipId> {
    if (!store::lock_account(tx, caller.account) || !is_active(tx, caller.account)) return not_allowed();
    const auto project = store::lock(tx, id);
    if (!project) return no_project(id);
    if (project->state != State::active) return not_alive(id);
    if (project->join_policy == Policy::closed)
      return fail(Kind::conflict, "The Project's member join policy is closed.");
    const bool at_once = project->join_policy == Policy::automatic;
    TRY(const auto made, enter(tx, caller, caller.account, *project,
                               at_once ? MembershipState::accepted : MembershipState::requested, now));
    if (at_once) return made;
    auto told = values(*project, {});
    const auto member = identity::store::find(tx, caller.account);
    told.emplace("member", member ? called(member->account) : caller.account.text());
    mail(tx, caller, MailKind::project_joined, project->owner, std::move(told));
    return made;
  }));
  log_.info("membership.joined", {{"project", id}, {"account", caller.account}});
  co_return membership;
}

Task<Result<MembershipId>> Projects::enroll(Caller caller, ProjectId id, std::string user) {
  const Time now = clock_.now();
  CO_TRY(const auto membership, co_await database_.write([&](sql::Tx& tx) -> Result<MembershipId> {
    const auto named = identity::store::meant(tx, user);
    const auto account = named ? std::optional(named->id) : std::nullopt;
    if (account) store::lock_account(tx, *account);
    const auto project = store::lock(tx, id);
    if (!project) return no_project(id);
    if (!decides(caller, *project)) return not_allowed();
    if (project->state != State::active) return not_alive(id);
    if (project->system) return fail(Kind::conflict, "a user's own project has its one member");
    if (!account) return fail(Kind::conflict, fmt::format("There is no user identified by '{}'.", user));
    if (!is_active(tx, *account)) return fail(Kind::conflict, fmt::format("User '{}' is not active.", user));
    TRY(const auto made, enter(tx, caller, *account, *project, MembershipState::accepted, now));
    mail(tx, caller, MailKind::project_enrolled, account->text(), values(*project, {}));
    return made;
  }));
  log_.info("membership.enrolled", {{"project", id}, {"membership", membership.number()}});
  co_return membership;
}

Result<> Projects::act_on_membership(sql::Tx& tx, const Caller& caller, MembershipId id, Step step,
                                     const std::string& reason, Time now) {
  const auto seen = store::membership(tx, id);
  if (!seen) return no_membership(id);
  store::lock_account(tx, seen->account);
  const auto project = store::lock(tx, seen->project);
  auto membership = store::membership(tx, id);  // as it is under the locks
  if (!project || !membership) return no_membership(id);
  if (!may(step, caller, *membership, *project)) return not_allowed();
  TRY(const auto state, after(step, *membership, *project));
  if (step == Step::accept) {
    if (!is_active(tx, membership->account)) return fail(Kind::conflict, "The user's account is not active.");
    TRY_VOID(check_room(tx, *project));
  }
  const bool had = counts(membership->state), has = counts(state);
  membership->state = state;
  membership->state_reason = reason;
  store::update(tx, *membership, now);
  if (state == MembershipState::removed) store::forget_default(tx, project->id, membership->account);
  if (had != has || state == MembershipState::removed) {
    mirror(tx, *membership);
    TRY_VOID(sync_limits(tx, quotas_, *project, *membership));
  }
  const auto told = values(*project, reason);
  if (step == Step::leave && state == MembershipState::leave_requested) {
    auto to_owner = told;
    const auto member = identity::store::find(tx, membership->account);
    to_owner.emplace("member", member ? called(member->account) : membership->account.text());
    mail(tx, caller, MailKind::project_leaving, project->owner, std::move(to_owner));
  }
  if (step == Step::accept) mail(tx, caller, MailKind::membership_accepted, membership->account.text(), told);
  if (step == Step::reject) mail(tx, caller, MailKind::membership_rejected, membership->account.text(), told);
  if (step == Step::remove) mail(tx, caller, MailKind::membership_removed, membership->account.text(), told);
  note(tx, caller, membership->account.text(), fmt::format("membership.{}", to_string(step)), *project, reason, now);
  return {};
}

Task<Result<>> Projects::act(Caller caller, MembershipId membership, Step step, std::string reason) {
  CO_TRY_VOID(check_text("reason", reason, reason_bytes));
  const Time now = clock_.now();
  CO_TRY_VOID(co_await database_.write(
      [&](sql::Tx& tx) { return act_on_membership(tx, caller, membership, step, reason, now); }));
  log_.info("membership.changed", {{"membership", membership.number()},
                                   {"action", to_string(step)},
                                   {"actor", caller.account.empty() ? "operator" : caller.account.text()}});
  co_return Result<>{};
}

namespace {

std::unexpected<Error> not_in(const ProjectId& id) {
  return fail(Kind::not_found, fmt::format("There is no membership of the user in project {}", id.text()));
}

Result<> may_be_default(sql::Tx& tx, const AccountId& account, const ProjectId& id) {
  if (const auto project = store::lock(tx, id)) {
    const auto membership = store::membership(tx, id, account);
    if (!membership) return not_in(id);
    if (project->state != State::active) return not_alive(id);
    if (!counts(membership->state)) return not_allowed();
    return {};
  }
  const auto there = directory::store::project(tx, id);
  if (!there) return no_project(id);
  if (directory::store::effective_roles(tx, account, {TargetKind::project, id.text()}).empty()) return not_in(id);
  if (!there->enabled) return not_alive(id);
  return {};
}

}  // namespace

Task<Result<>> Projects::set_default(Caller caller, AccountId account, ProjectId id, StillHolds holds) {
  co_return co_await database_.write([&](sql::Tx& tx) -> Result<> {
    if (!store::lock_account(tx, account)) return not_allowed();
    if (holds) TRY_VOID(holds(tx));
    TRY_VOID(may_be_default(tx, account, id));
    store::set_default_project(tx, account, id.text());
    life::store::insert(tx, {.at = clock_.now(),
                             .account = account.text(),
                             .actor = caller.account.empty() ? "operator" : caller.account.text(),
                             .event = "account.changed",
                             .details = "default project " + id.text()});
    return {};
  });
}

// ---- reading

std::vector<ShownProject> Projects::shown(sql::Tx& tx, const Caller& caller, std::vector<ProjectLife> found) const {
  std::set<ProjectId> ids;
  std::set<ApplicationId> last_ones;
  for (const auto& project : found) {
    ids.insert(project.id);
    if (project.last_application.number() != 0) last_ones.insert(project.last_application);
  }
  auto applications = store::applications(tx, last_ones);
  auto capacities = granted(tx, found);
  const auto places = store::places_taken(tx, ids);
  std::vector<ShownProject> all;
  for (std::size_t i = 0; i < found.size(); ++i) {
    auto& project = found[i];
    const auto there = applications.find(project.last_application);
    const Application* last = there == applications.end() ? nullptr : &there->second;
    const auto taken = places.find(project.id);
    auto& out = all.emplace_back();
    if (project.state != State::uninitialized) out.capacities = std::move(capacities[i]);
    out.decides = decides(caller, project);
    out.actions = allowed(caller, project, last);
    out.members = taken == places.end() ? 0 : taken->second;
    if (last != nullptr && (out.decides || (!last->applicant.empty() && last->applicant == caller.account.text())))
      out.last_application = *last;
    out.life = std::move(project);
  }
  return all;
}

Task<Result<ShownProject>> Projects::show(Caller caller, ProjectId id) {
  co_return co_await database_.read([&](sql::Tx& tx) -> Result<ShownProject> {
    auto project = store::project(tx, id);
    if (!project) return no_project(id);
    const auto last = store::application(tx, project->last_application);
    const auto membership = store::membership(tx, id, caller.account);
    const bool is_member = membership && holds_place(membership->state);
    if (!is_member && !may_see(caller, *project, last ? &*last : nullptr)) return not_allowed();
    auto out = std::move(shown(tx, caller, {std::move(*project)}).front());
    if (!check_rank(tx, caller, out.life))
      std::erase_if(out.actions, [&](const std::string& name) {
        const auto action = action_from(name);
        return action && !takes_back(*action, caller, last ? &*last : nullptr);
      });
    return out;
  });
}

Task<Result<std::vector<ShownProject>>> Projects::list(Caller caller, ProjectFilter filter) {
  filter.limit = std::clamp<std::size_t>(filter.limit, 1, rows_max);
  co_return co_await database_.read([&](sql::Tx& tx) -> Result<std::vector<ShownProject>> {
    std::optional<ProjectLife> behind;
    if (!filter.after.empty()) {
      behind = store::project(tx, filter.after);
      if (!behind) return fail(Kind::invalid, "marker is the id of no project");
    }
    return shown(tx, caller, store::projects(tx, caller, filter, behind ? &*behind : nullptr));
  });
}

Task<Result<std::vector<ShownProject>>> Projects::page(Caller caller, std::string after, std::size_t limit) {
  if (!caller.admin) co_return not_allowed();
  co_return co_await database_.read(
      [&](sql::Tx& tx) { return shown(tx, caller, store::page(tx, false, after, limit)); });
}

namespace {

ShownMembership shown_to(const Caller& caller, Membership membership, const ProjectLife& project, store::Steps steps) {
  auto actions = allowed(caller, membership, project);
  return {.membership = std::move(membership), .steps = std::move(steps), .actions = std::move(actions)};
}

}  // namespace

Task<Result<ShownMembership>> Projects::membership(Caller caller, MembershipId id) {
  co_return co_await database_.read([&](sql::Tx& tx) -> Result<ShownMembership> {
    auto membership = store::membership(tx, id);
    if (!membership) return no_membership(id);
    const auto project = store::project(tx, membership->project);
    if (!project) return no_membership(id);
    if (membership->account != caller.account && !decides(caller, *project)) return not_allowed();
    return shown_to(caller, std::move(*membership), *project, store::steps(tx, id));
  });
}

Task<Result<std::vector<ShownMembership>>> Projects::memberships(Caller caller, std::optional<ProjectId> which) {
  co_return co_await database_.read([&](sql::Tx& tx) -> Result<std::vector<ShownMembership>> {
    std::vector<Membership> found;
    if (which) {
      const auto project = store::project(tx, *which);
      if (!project) return no_project(*which);
      if (decides(caller, *project))
        found = store::members(tx, *which);
      else if (auto own = store::membership(tx, *which, caller.account))
        found.push_back(std::move(*own));
    } else {
      found = store::memberships(tx, caller.account, caller.admin, rows_max);
    }
    auto steps = store::steps(tx, found);
    std::set<AccountId> accounts;
    std::set<ProjectId> ids;
    for (const auto& membership : found) {
      accounts.insert(membership.account);
      ids.insert(membership.project);
    }
    const auto people = store::people(tx, accounts);
    const auto projects = store::projects(tx, ids);
    std::vector<ShownMembership> out;
    for (auto& membership : found) {
      const auto there = projects.find(membership.project);
      if (there == projects.end()) continue;
      const auto id = membership.id;
      const auto person = people.find(membership.account);
      auto& one = out.emplace_back(shown_to(caller, std::move(membership), there->second, std::move(steps[id])));
      if (person == people.end()) continue;
      one.called = person->second.called;
      one.email = person->second.email;
    }
    return out;
  });
}

}  // namespace nephele::identity::projects
