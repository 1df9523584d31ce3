// SPDX-License-Identifier: Apache-2.0
// What is applied for, what becomes of it, and how projects change their states.
#include "identity/projects/projects.h"

#include <fmt/format.h>

#include <utility>

#include "identity/account_name.h"
#include "identity/life/store.h"
#include "identity/projects/own.h"
#include "identity/projects/store.h"
#include "identity/projects/units.h"
#include "identity/projects/upkeep.h"
#include "identity/quota/resource_store.h"
#include "identity/store.h"
#include "identity/tx.h"

namespace nephele::identity::projects {

namespace {

constexpr std::size_t reason_bytes = 1024;

std::unexpected<Error> no_project(const ProjectId& id) {
  return fail(Kind::not_found, fmt::format("There is no project with id: {}", id.text()));
}
std::unexpected<Error> no_application(std::int64_t id) {
  return fail(Kind::not_found, fmt::format("There is no project application with id: {}", id));
}
std::unexpected<Error> not_allowed() {
  return fail(Kind::forbidden, "You do not have the permissions to perform this action.");
}

std::string actor_of(const Caller& caller) {
  return caller.account.empty() ? "operator" : caller.account.text();
}

}  // namespace

Projects::Projects(sql::Database& database, quota::Quotas& quotas, const Clock& clock, const MailOutbox* outbox,
                   const MailTexts& texts, Settings settings, log::Logger log)
    : database_(database),
      quotas_(quotas),
      clock_(clock),
      outbox_(outbox),
      texts_(texts),
      settings_(std::move(settings)),
      admins_(settings_.admins.begin(), settings_.admins.end()),
      log_(std::move(log)) {}

Caller Projects::caller(const AccountId& account) const {
  return {.account = account, .admin = admins_.contains(account.text())};
}

// ---- mails and the audit log

MailValues Projects::values(const ProjectLife& project, const std::string& reason) const {
  return {{"project", project.name},
          {"url", settings_.base_url.text() + "/ui/projects/" + project.id.text()},
          {"reason", reason},
          {"application", std::to_string(project.last_application.number())}};
}

void Projects::mail(sql::Tx& tx, const Caller& caller, MailKind kind, const std::string& account,
                    MailValues values) const {
  if (outbox_ == nullptr || account.empty()) return;
  const auto stored = identity::store::find(tx, AccountId(account));
  if (!stored || stored->account.email.empty()) return;
  values.insert_or_assign("user", called(stored->account));
  auto text = texts_.render(kind, values);
  (void)outbox_->enqueue(tx, {.what = std::string(to_string(kind)),
                              .to = {.name = called(stored->account), .mailbox = stored->account.email},
                              .subject = std::move(text.subject),
                              .text = std::move(text.text),
                              .actor = actor_of(caller)});
}

void Projects::mail_recipients(sql::Tx& tx, const Caller& caller, MailKind kind, const std::vector<MailAddress>& to,
                               MailValues values) const {
  if (outbox_ == nullptr) return;
  for (const auto& recipient : to) {
    auto text = texts_.render(kind, values);
    (void)outbox_->enqueue(tx, {.what = std::string(to_string(kind)),
                                .to = recipient,
                                .subject = settings_.subject_prefix + text.subject,
                                .text = std::move(text.text),
                                .actor = actor_of(caller)});
  }
}

void Projects::note(sql::Tx& tx, const Caller& caller, const std::string& account, std::string event,
                    const ProjectLife& project, const std::string& more, Time now) {
  life::store::insert(tx, {.at = now,
                           .account = account,
                           .actor = actor_of(caller),
                           .event = std::move(event),
                           .details = project.id.text() + " " + project.name + (more.empty() ? "" : ": " + more)});
}

// ---- applications

/// Owner and resources that the draft names are there.
Result<> Projects::check_references(sql::Tx& tx, const Draft& draft, bool hidden_too) const {
  if (draft.owner) {
    const auto owner = identity::store::find(tx, AccountId(*draft.owner));
    if (!owner || !owner->account.enabled)
      return fail(Kind::invalid, fmt::format("User '{}' does not exist, or is not active", *draft.owner));
  }
  if (draft.capacities.empty()) return {};
  std::set<std::string, std::less<>> known;
  for (auto& resource : quota::resources::all(tx))
    if (hidden_too || resource.api_visible) known.insert(std::move(resource.name));
  for (const auto& [resource, capacity] : draft.capacities)
    if (!known.contains(resource))
      return fail(Kind::invalid, fmt::format("there is no resource '{}'; account/v1.0/resources shows all", resource));
  return {};
}

Result<> Projects::pass_unit(sql::Tx& tx, const std::string& taker, const std::string& giver, bool force) {
  if (taker == giver) return {};
  quota::NewCommission wanted{
      .client = client, .name = "project application", .provisions = {}, .force = force, .auto_accept = true};
  if (!taker.empty()) add_units(wanted.provisions, taker, 1);
  if (!giver.empty()) add_units(wanted.provisions, giver, -1);
  const auto done = reserve(tx, quotas_, wanted);
  if (done) return {};
  // A unit that nobody has any more is no reason to keep an application open: reconcile-resources-astakos tells.
  const bool of_giver = !giver.empty() && done.error().detail("holder").ends_with(giver);
  if (of_giver && !taker.empty()) return pass_unit(tx, taker, {}, force);
  if (of_giver) {
    log_.warn("project.unit_lost", {{"applicant", giver}, {"reason", done.error().sentence()}});
    return {};
  }
  if (done.error().kind() != Kind::over_quota && done.error().kind() != Kind::not_found) return fail(done.error());
  const auto limit = done.error().detail("limit");
  return fail(Kind::conflict, fmt::format("You have reached the maximum number of pending project applications: {}",
                                          limit.empty() ? "0" : limit));
}

/// What a user has by his own project he has by his account, and a limit of nothing is as good as a door that is shut.
Result<> Projects::check_rank(sql::Tx& tx, const Caller& caller, const ProjectLife& project) const {
  if (!project.system || caller.account.empty() || !settings_.precedence) return {};
  return settings_.precedence(tx, caller.account, AccountId(project.id.text()));
}

Result<ProjectLife> Projects::changeable(sql::Tx& tx, const Caller& caller, const ProjectId& id,
                                         const Draft& draft) const {
  auto project = store::lock(tx, id);
  if (!project) return no_project(id);
  if (!decides(caller, *project)) return not_allowed();
  TRY_VOID(check_rank(tx, caller, *project));
  if (project->state != State::active && project->state != State::suspended)
    return fail(Kind::conflict,
                fmt::format("Cannot modify project {} in state '{}'", id.text(), to_string(project->state)));
  if (project->system && (draft.name || draft.owner || draft.homepage || draft.description))
    return fail(Kind::conflict, "Cannot modify the name, owner, homepage or description of a system project.");
  return std::move(*project);
}

Task<Result<Submitted>> Projects::submit(Caller caller, std::optional<ProjectId> project, Draft draft) {
  const Time now = clock_.now();
  CO_TRY_VOID(check(draft, !project, now));
  CO_TRY(const auto submitted,
         co_await database_.write([&](sql::Tx& tx) { return submit(tx, caller, project, draft, now); }));
  log_.info(
      "project.applied",
      {{"project", submitted.project}, {"application", submitted.application.number()}, {"actor", actor_of(caller)}});
  co_return submitted;
}

Result<Submitted> Projects::submit(sql::Tx& tx, const Caller& caller, const std::optional<ProjectId>& which,
                                   const Draft& draft, Time now) {
  if (!store::lock_account(tx, caller.account)) return not_allowed();
  const auto applicant = identity::store::find(tx, caller.account);
  ProjectLife project;
  if (which) {
    TRY(project, changeable(tx, caller, *which, draft));
  } else {
    project.id = ProjectId(random_uuid());
    project.owner = caller.account.text();
    project.created = now;
    apply(draft, project);
  }
  TRY_VOID(check_references(tx, draft, false));
  // Accounts that were made through another API have none yet.
  TRY_VOID(open_own(tx, quotas_, applicant->account, now));
  auto before = store::application(tx, project.last_application);
  const bool replaces = before && before->state == ApplicationState::pending;
  TRY_VOID(pass_unit(tx, caller.account.text(), replaces ? before->applicant : "", caller.admin));
  if (replaces) {
    before->state = ApplicationState::replaced;
    before->decided = now;
    before->decided_by = actor_of(caller);
    store::decide(tx, *before);
  }
  if (!which) store::insert(tx, project);
  Application application{
      .id = {}, .project = project.id, .applicant = caller.account.text(), .wanted = draft, .issued = now};
  project.last_application = store::insert(tx, application);
  store::update(tx, project);
  auto told = values(project, {});
  told.emplace("owner", called(applicant->account));
  if (which)
    mail_recipients(tx, caller, MailKind::project_modified, settings_.hear_of_changes, std::move(told));
  else
    mail_recipients(tx, caller, MailKind::project_created, settings_.hear_of_new, std::move(told));
  note(tx, caller, caller.account.text(), which ? "project.modification_applied" : "project.applied", project,
       project.last_application.text(), now);
  return Submitted{.application = project.last_application, .project = project.id};
}

Result<> Projects::check_again(sql::Tx& tx, const ProjectLife& project, const Application& application,
                               Time now) const {
  const bool is_new = project.state == State::uninitialized;
  auto good = check(application.wanted, is_new, now);
  if (good) good = check_references(tx, application.wanted, true);
  if (good && is_new) good = check_references(tx, {.owner = project.owner}, true);
  if (good) return {};
  return fail(Kind::conflict,
              fmt::format("Cannot approve application {}: {}", application.id.number(), good.error().sentence()));
}

Result<> Projects::approve(sql::Tx& tx, const Caller& caller, ProjectLife& project, const Application& application,
                           Time now) {
  const bool is_new = project.state == State::uninitialized;
  if (!is_new && project.state != State::active && project.state != State::suspended)
    return fail(Kind::conflict, fmt::format("Cannot approve application {}: its project is in state '{}'",
                                            application.id.number(), to_string(project.state)));
  TRY_VOID(check_again(tx, project, application, now));
  apply(application.wanted, project);
  Capacities capacities = application.wanted.capacities;
  if (is_new) {
    hold_defaults(tx);
    project.state = State::active;
    for (const auto& [resource, capacity] : default_capacities(tx, false)) capacities.emplace(resource, capacity);
  }
  store::save(tx, project.id, capacities);
  TRY_VOID(mirror(tx, project));
  auto told = values(project, {});
  mail(tx, caller, MailKind::project_approved, application.applicant, told);
  const auto applicant = identity::store::find(tx, AccountId(application.applicant));
  told.emplace("owner", applicant ? called(applicant->account) : application.applicant);
  mail_recipients(tx, caller, MailKind::application_approved,
                  is_new ? settings_.hear_of_new : settings_.hear_of_changes, std::move(told));
  note(tx, caller, application.applicant, "project.approved", project, application.id.text(), now);
  return {};
}

Result<> Projects::act_on_application(sql::Tx& tx, const Caller& caller, ProjectLife project, Application application,
                                      Action action, const std::string& reason, Time now) {
  TRY(const auto state, after(action, application));
  const bool was_pending = application.state == ApplicationState::pending;
  application.state = state;
  application.decided = now;
  application.decided_by = actor_of(caller);
  application.reason = reason;
  store::decide(tx, application);
  if (action == Action::approve) {
    TRY_VOID(approve(tx, caller, project, application, now));
  } else if (project.state == State::uninitialized && action != Action::deny) {
    project.state = State::deleted;
  }
  store::update(tx, project);
  // Before the project's own limits: in all transactions units come first.
  if (was_pending) TRY_VOID(pass_unit(tx, {}, application.applicant, true));
  if (action == Action::approve) return sync_limits(tx, quotas_, project);
  if (action == Action::deny)
    mail(tx, caller, MailKind::project_denied, application.applicant, values(project, reason));
  note(tx, caller, application.applicant, fmt::format("project.application_{}", to_string(application.state)), project,
       application.id.text() + (reason.empty() ? "" : " " + reason), now);
  return {};
}

namespace {

/// Whoever owns the project once what waits is approved: an account that goes or falls asleep meanwhile waits for us.
void lock_next_owner(sql::Tx& tx, const ProjectId& id) {
  const auto project = store::project(tx, id);
  const auto last = project ? store::application(tx, project->last_application) : std::nullopt;
  if (!last) return;
  const auto& owner = last->wanted.owner.value_or(project->owner);
  if (!owner.empty()) store::lock_account(tx, AccountId(owner));
}

}  // namespace

// ---- states

Result<> Projects::act_on_project(sql::Tx& tx, const Caller& caller, ProjectLife project, Action action,
                                  const std::string& reason, Time now) {
  TRY(project.state, after(action, project));
  const bool goes_on = project.state == State::active;
  project.state_reason = reason;
  project.deactivated = goes_on ? std::nullopt : std::optional(now);
  store::update(tx, project);
  if (project.state == State::terminated) store::forget_default(tx, project.id);
  TRY_VOID(mirror(tx, project));
  TRY_VOID(sync_limits(tx, quotas_, project));
  constexpr auto kind_of = [](Action done) {
    switch (done) {
      case Action::suspend:
        return MailKind::project_suspended;
      case Action::unsuspend:
        return MailKind::project_unsuspended;
      case Action::reinstate:
        return MailKind::project_reinstated;
      default:
        return MailKind::project_terminated;
    }
  };
  mail(tx, caller, kind_of(action), project.owner, values(project, reason));
  note(tx, caller, project.owner, fmt::format("project.{}", to_string(action)), project, reason, now);
  return {};
}

Task<Result<>> Projects::act(Caller caller, ProjectId id, Action action, std::optional<ApplicationId> wanted,
                             std::string reason) {
  CO_TRY_VOID(check_text("reason", reason, reason_bytes));
  const Time now = clock_.now();
  CO_TRY_VOID(co_await database_.write([&](sql::Tx& tx) -> Result<> {
    if (action == Action::terminate) store::lock_accounts_by_default(tx, id);
    if (action == Action::approve) lock_next_owner(tx, id);
    store::lock_account(tx, AccountId(id.text()));  // whose own project it is, if anybody's
    auto project = store::lock(tx, id);
    if (!project) return no_project(id);
    auto last = store::application(tx, project->last_application);
    if (!may(action, caller, *project, last ? &*last : nullptr)) return not_allowed();
    if (!takes_back(action, caller, last ? &*last : nullptr)) TRY_VOID(check_rank(tx, caller, *project));
    if (!about_application(action)) return act_on_project(tx, caller, std::move(*project), action, reason, now);
    if (wanted) {
      const auto named = store::application(tx, *wanted);
      if (!named || named->project != id) return no_application(wanted->number());
      if (!last || named->id != last->id)
        return fail(Kind::conflict, fmt::format("Application {} is not the last one of project {}; that is {}",
                                                wanted->number(), id.text(), project->last_application.number()));
    } else if (action == Action::approve || action == Action::deny) {
      return fail(Kind::invalid, "Expects an app_id: which application is meant?");
    }
    if (!last) return fail(Kind::conflict, fmt::format("Project {} has no application", id.text()));
    return act_on_application(tx, caller, std::move(*project), std::move(*last), action, reason, now);
  }));
  log_.info("project.changed", {{"project", id}, {"action", to_string(action)}, {"actor", actor_of(caller)}});
  co_return Result<>{};
}

Task<Result<ProjectId>> Projects::project_of(ApplicationId application) {
  CO_TRY(const auto found, co_await database_.read([&](sql::Tx& tx) { return store::application(tx, application); }));
  if (!found) co_return no_application(application.number());
  co_return found->project;
}

Task<Result<>> Projects::act(Caller caller, ApplicationId application, Action action, std::string reason) {
  CO_TRY(auto project, co_await project_of(application));
  co_return co_await act(std::move(caller), std::move(project), action, application, std::move(reason));
}

Task<Result<>> Projects::modify(ProjectId id, Draft draft) {
  const Time now = clock_.now();
  CO_TRY_VOID(check(draft, false, now));
  CO_TRY_VOID(co_await database_.write([&](sql::Tx& tx) -> Result<> {
    TRY(auto project, changeable(tx, the_operator(), id, draft));
    TRY_VOID(check_references(tx, draft, true));
    apply(draft, project);
    store::save(tx, id, draft.capacities);
    store::update(tx, project);
    if (!project.system) TRY_VOID(mirror(tx, project));
    note(tx, the_operator(), project.owner, "project.modified", project, {}, now);
    return sync_limits(tx, quotas_, project);
  }));
  log_.info("project.modified", {{"project", id}, {"actor", "operator"}});
  co_return Result<>{};
}

Task<Result<std::vector<ProjectLife>>> Projects::expired() {
  const Time now = clock_.now();
  co_return co_await database_.read([&](sql::Tx& tx) {
    std::vector<ProjectLife> found;
    for (const auto& id : store::expired(tx, now))
      if (auto project = store::project(tx, id)) found.push_back(std::move(*project));
    return found;
  });
}

}  // namespace nephele::identity::projects
