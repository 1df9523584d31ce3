// SPDX-License-Identifier: Apache-2.0
// What somebody does to a project through the Identity API.
#include <fmt/format.h>

#include "identity/projects/projects.h"
#include "identity/projects/store.h"
#include "identity/store.h"

namespace nephele::identity::projects {

namespace {
constexpr const char* by_identity_api = "by the Identity API";
}  // namespace

void Projects::hold(sql::Tx& tx, const ProjectId& project) {
  store::lock_accounts_by_default(tx, project);
  (void)store::lock(tx, project);
}

Result<> Projects::follow(sql::Tx& tx, const Caller& caller, const ProjectId& id, bool enabled) {
  auto project = store::lock(tx, id);
  if (!project || enabled == (project->state == State::active)) return {};
  if (project->state != State::active && project->state != State::suspended)
    return fail(Kind::conflict,
                fmt::format("Project {} is {}: it goes on by `snf-manage project-control --reinstate {}`", id.text(),
                            to_string(project->state), id.text()));
  return act_on_project(tx, caller, std::move(*project), enabled ? Action::unsuspend : Action::suspend, by_identity_api,
                        clock_.now());
}

Result<> Projects::follow_end(sql::Tx& tx, const Caller& caller, const ProjectId& id) {
  const auto project = store::lock(tx, id);
  if (!project) return {};
  if (project->system && identity::store::find(tx, AccountId(id.text())))
    return fail(Kind::forbidden, "It is an account's own project, which goes with the account.");
  const auto last = store::application(tx, project->last_application);
  const bool waits = last && last->state == ApplicationState::pending;
  if (waits) TRY_VOID(pass_unit(tx, {}, last->applicant, true));
  store::forget_default(tx, id);
  store::forget_project(tx, id);
  mail(tx, caller, MailKind::project_terminated, project->owner, values(*project, by_identity_api));
  note(tx, caller, project->owner, "project.deleted", *project, by_identity_api, clock_.now());
  return {};
}

}  // namespace nephele::identity::projects
