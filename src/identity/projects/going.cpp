// SPDX-License-Identifier: Apache-2.0
#include "identity/projects/going.h"

#include <map>
#include <set>

#include "identity/directory/store.h"
#include "identity/projects/store.h"
#include "identity/projects/units.h"
#include "identity/tx.h"

namespace nephele::identity::projects {

namespace {

constexpr std::string_view reason = "the applicant's or the owner's account was removed";

/// Units that nobody has any more are no reason to keep an account: reconcile-resources-astakos tells.
Result<> give_back(sql::Tx& tx, quota::Quotas& quotas, const std::string& applicant, quota::Amount units) {
  quota::NewCommission wanted{
      .client = client, .name = "project application", .provisions = {}, .force = true, .auto_accept = true};
  add_units(wanted.provisions, applicant, -units);
  const auto done = reserve(tx, quotas, wanted);
  if (done || done.error().kind() == Kind::over_quota || done.error().kind() == Kind::not_found) return {};
  return fail(done.error());
}

}  // namespace

Result<> end_applications(sql::Tx& tx, quota::Quotas& quotas, const AccountId& account, Time now) {
  std::set<ProjectId> ids{ProjectId(account.text())};
  for (const auto& application : store::pending_around(tx, account)) ids.insert(application.project);
  for (auto& owned : store::owned_by(tx, account.text())) ids.insert(std::move(owned));
  for (const auto& id : ids) store::lock(tx, id);
  std::map<std::string, quota::Amount> units;
  for (auto& application : store::pending_around(tx, account)) {  // as they are now that nobody decides about them
    application.state = ApplicationState::cancelled;
    application.decided = now;
    application.reason = reason;
    store::decide(tx, application);
    ++units[application.applicant];
    auto project = store::project(tx, application.project);
    if (!project || project->state != State::uninitialized) continue;
    project->state = State::deleted;
    project->state_reason = reason;
    store::update(tx, *project);
  }
  directory::store::changed(tx);
  for (const auto& [applicant, count] : units) TRY_VOID(give_back(tx, quotas, applicant, count));
  return {};
}

}  // namespace nephele::identity::projects
