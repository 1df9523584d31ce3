// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "identity/projects/model.h"
#include "identity/quota/quotas.h"
#include "sql/sql.h"

/// What hangs on a project's life and is kept in step with it in the same transaction: the directory's project, the
/// role of its members, and the limits of the quota holder.
namespace nephele::identity::projects {

/// What everybody may use of an active project; of another one nothing. What is used stays used.
void add_limits(std::vector<quota::Limit>& limits, const ProjectLife& project, const Capacities& capacities,
                std::span<const Membership> members);
/// For the project and all its members.
Result<> sync_limits(sql::Tx& tx, const quota::Quotas& quotas, const ProjectLife& project);
/// For one member.
Result<> sync_limits(sql::Tx& tx, const quota::Quotas& quotas, const ProjectLife& project, const Membership& member);

/// What a project gets that says nothing: a user's own, or another.
Capacities default_capacities(sql::Tx& tx, bool system);

/// What a project grants: of a resource of which it says nothing, because that came later, the default.
Capacities granted(sql::Tx& tx, const ProjectLife& project);
/// The same in the order of the projects.
std::vector<Capacities> granted(sql::Tx& tx, std::span<const ProjectLife> projects);
/// Defaults stay as they are until the end of the transaction; before they are read for limits. It is the directory's
/// counter.
void hold_defaults(sql::Tx& tx);

/// The directory's project is made, renamed, enabled or disabled as the life wants it. Fails with `conflict` when a
/// living one has the name.
Result<> mirror(sql::Tx& tx, const ProjectLife& project);
/// The role `member` is given or taken.
void mirror(sql::Tx& tx, const Membership& membership);

/// What projects grant their members by their states; other limits are as who decided on them keeps them.
class ProjectLimits final : public quota::Expectations {
 public:
  void hold(sql::Tx& tx) const override { hold_defaults(tx); }
  std::map<quota::Key, quota::Amount> of(sql::Tx& tx, std::span<const quota::Key> keys) const override;
  Page all(sql::Tx& tx, const std::string& after) const override;
};

}  // namespace nephele::identity::projects
