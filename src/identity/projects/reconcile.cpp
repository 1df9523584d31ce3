// SPDX-License-Identifier: Apache-2.0
// The part of Projects that compares the units in use with the applications that wait.
#include "identity/projects/projects.h"
#include "identity/projects/store.h"
#include "identity/tx.h"

namespace nephele::identity::projects {

namespace {

UnitFinding looked_at(sql::Tx& tx, const std::string& applicant, bool lock) {
  UnitFinding found{.applicant = applicant};
  // The units first: who decides an application changes it before them, so that both are of one moment under the lock.
  const auto units = store::units_in_use(tx, AccountId(applicant), lock);
  found.project_usage = units.project;
  found.user_usage = units.user;
  found.applications = store::pending_count(tx, applicant);
  return found;
}

bool right(const UnitFinding& finding) {
  return finding.user_usage == finding.applications && finding.project_usage == finding.applications;
}

quota::NewCommission repair(const UnitFinding& finding, bool force) {
  quota::NewCommission wanted{
      .client = "astakos", .name = "reconciliation", .provisions = {}, .force = force, .auto_accept = true};
  const auto project = quota::project_ref(finding.applicant);
  if (const auto delta = finding.applications - finding.user_usage; delta != 0)
    wanted.provisions.push_back(
        {.key = {quota::user_ref(finding.applicant), project, store::unit_resource}, .quantity = delta});
  if (const auto delta = finding.applications - finding.project_usage; delta != 0)
    wanted.provisions.push_back({.key = {project, "", store::unit_resource}, .quantity = delta});
  return wanted;
}

}  // namespace

Task<Result<std::vector<UnitFinding>>> Projects::reconcile(std::optional<std::string> only, bool fix, bool force) {
  CO_TRY(auto findings, co_await database_.read([&](sql::Tx& tx) {
    std::vector<UnitFinding> wrong;
    const auto look = [&](const std::string& applicant) {
      if (auto finding = looked_at(tx, applicant, false); !right(finding)) wrong.push_back(std::move(finding));
    };
    if (only) {
      look(*only);
      return wrong;
    }
    for (const auto& applicant : store::with_units(tx)) look(applicant);
    return wrong;
  }));
  if (!fix) co_return findings;
  for (auto& finding : findings) {
    const auto done = co_await database_.write([&](sql::Tx& tx) -> Result<> {
      finding = looked_at(tx, finding.applicant, true);
      if (right(finding)) return {};
      if (auto made = reserve(tx, quotas_, repair(finding, force)); !made) return fail(made.error());
      return {};
    });
    if (!done && done.error().kind() != Kind::over_quota && done.error().kind() != Kind::not_found)
      co_return fail(done.error());
    finding.fixed = done.has_value();
    if (done) log_.info("project.units_fixed", {{"applicant", finding.applicant}});
  }
  co_return findings;
}

}  // namespace nephele::identity::projects
