// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "identity/projects/model.h"
#include "sql/sql.h"

/// All SQL of projects' lives, applications and memberships.
///
/// Locks are taken in this order: accounts, projects by id, the directory's counter, and then the quota holder's. Who
/// changes anything of a project or its members holds the project's row.
namespace nephele::identity::projects::store {

/// Takes the rows until the end of the transaction: before any other look at them.
std::optional<ProjectLife> lock(sql::Tx& tx, const ProjectId& id);
/// False when there is no such account.
bool lock_account(sql::Tx& tx, const AccountId& id);
/// Of those whose default the project is.
void lock_accounts_by_default(sql::Tx& tx, const ProjectId& project);

std::optional<ProjectLife> project(sql::Tx& tx, const ProjectId& id);
/// What a caller may see, by age; others' system projects are not in it. `behind`: that of the filter, nothing: from
/// the beginning.
std::vector<ProjectLife> projects(sql::Tx& tx, const Caller& caller, const ProjectFilter& filter,
                                  const ProjectLife* behind);
/// Those that there are, for lists; so the others of many below.
std::map<ProjectId, ProjectLife> projects(sql::Tx& tx, const std::set<ProjectId>& ids);
/// Behind `after`, by id; with others' own ones only if `system`.
std::vector<ProjectLife> page(sql::Tx& tx, bool system, const std::string& after, std::size_t limit);
/// Of projects that are not over, whose time is.
std::vector<ProjectId> expired(sql::Tx& tx, Time now);
void insert(sql::Tx& tx, const ProjectLife& project);
void update(sql::Tx& tx, const ProjectLife& project);

Capacities capacities(sql::Tx& tx, const ProjectId& project);
std::map<ProjectId, Capacities> capacities(sql::Tx& tx, const std::set<ProjectId>& projects);
/// Those that are named are replaced, others stay.
void save(sql::Tx& tx, const ProjectId& project, const Capacities& capacities);

/// Some living projects that say nothing of a resource, with those members who have quota there.
struct Silent {
  struct One {
    ProjectLife life;  ///< id, state and whether it is a user's own
    std::vector<Membership> members = {};
  };
  std::vector<One> projects = {};
  std::string last = {};  ///< project that was looked at, whatever it says; empty: there are no more
};
/// Of the projects behind `after`, of which at most `limit` are looked at.
Silent silent_about(sql::Tx& tx, std::string_view resource, const std::string& after, std::size_t limit);

/// Draws the id.
ApplicationId insert(sql::Tx& tx, Application& application);
std::optional<Application> application(sql::Tx& tx, ApplicationId id);
std::map<ApplicationId, Application> applications(sql::Tx& tx, const std::set<ApplicationId>& ids);
void decide(sql::Tx& tx, const Application& application);
std::int64_t pending_count(sql::Tx& tx, std::string_view applicant);
/// Those that wait of the account, and those of others for projects that never began and are to be its own.
std::vector<Application> pending_around(sql::Tx& tx, const AccountId& account);
/// Of which each application that waits uses one, in its applicant's own project.
inline constexpr const char* unit_resource = "astakos.pending_app";
struct Units {
  std::int64_t user = 0;
  std::int64_t project = 0;
};
/// `lock`: the holdings' rows too, in the quota holder's order.
Units units_in_use(sql::Tx& tx, const AccountId& account, bool lock);
/// Uuids of those who have an application that waits, or a unit in use.
std::vector<std::string> with_units(sql::Tx& tx);

/// Draws the id.
MembershipId insert(sql::Tx& tx, Membership& membership, Time now);
/// State and reason; with `now` it is also a step that is remembered.
void update(sql::Tx& tx, const Membership& membership, Time now);
std::optional<Membership> membership(sql::Tx& tx, MembershipId id);
std::optional<Membership> membership(sql::Tx& tx, const ProjectId& project, const AccountId& account);
std::map<std::pair<ProjectId, AccountId>, Membership> memberships(
    sql::Tx& tx, const std::set<std::pair<ProjectId, AccountId>>& pairs);
std::vector<Membership> members(sql::Tx& tx, const ProjectId& project);
/// A project that is not in it has none.
std::map<ProjectId, std::vector<Membership>> members(sql::Tx& tx, const std::set<ProjectId>& projects);
std::vector<Membership> memberships_of(sql::Tx& tx, const AccountId& account);
/// An account's own and those in its projects; all of projects that are nobody's own, if `all`.
std::vector<Membership> memberships(sql::Tx& tx, const AccountId& account, bool all, std::size_t limit);
/// In which the account has quota, be it 0: what lived once and was not deleted.
std::vector<std::string> projects_with_quota(sql::Tx& tx, const AccountId& account);
std::int64_t places_taken(sql::Tx& tx, const ProjectId& project);
/// A project that is not in it has none taken.
std::map<ProjectId, std::int64_t> places_taken(sql::Tx& tx, const std::set<ProjectId>& projects);
using Steps = std::vector<std::pair<MembershipState, Time>>;
Steps steps(sql::Tx& tx, MembershipId id);
std::map<MembershipId, Steps> steps(sql::Tx& tx, const std::vector<Membership>& memberships);
struct Person {
  std::string name;
  std::string called;
  std::string email;
};
/// An account that is gone is not in it.
std::map<AccountId, Person> people(sql::Tx& tx, const std::set<AccountId>& accounts);

/// Uuids of projects that an account owns.
std::vector<ProjectId> owned_by(sql::Tx& tx, std::string_view owner);
void set_default_project(sql::Tx& tx, const AccountId& account, std::string_view project);
/// Whose default it is falls back to his own one; of one account, or of everybody.
void forget_default(sql::Tx& tx, const ProjectId& project, const AccountId& account);
void forget_default(sql::Tx& tx, const ProjectId& project);

/// The account goes, after end_applications(): his projects are nobody's, his limits are 0. Its memberships go with it.
void forget_account(sql::Tx& tx, const AccountId& account);
/// The directory's project goes: what Astakos has of it ends.
void forget_project(sql::Tx& tx, const ProjectId& project);

}  // namespace nephele::identity::projects::store
