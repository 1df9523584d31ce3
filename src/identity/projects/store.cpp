// SPDX-License-Identifier: Apache-2.0
#include "identity/projects/store.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "identity/account_name.h"
#include "identity/directory/store.h"
#include "identity/projects/rules.h"
#include "sql/batch.h"
#include "sql/mapped.h"

namespace nephele::identity::projects::store {

namespace {

using sql::mapped;

#define PROJECT_COLUMNS                                                                                      \
  "project_id, state, state_reason, name, owner, homepage, description, end_ms, join_policy, leave_policy, " \
  "max_members, private, system, created_ms, deactivated_ms, last_application"

// A change of nothing: it takes the row's lock on both engines, and shows the row as it is then.
constexpr sql::Statement lock_project{
    "identity.project_life.lock",
    "UPDATE identity_project_life SET state = state WHERE project_id = $1 RETURNING " PROJECT_COLUMNS};
constexpr sql::Statement lock_row_of_account{"identity.project_life.lock_account",
                                             "UPDATE identity_account SET version = version WHERE id = $1"};
constexpr sql::Statement lock_by_default{"identity.project_life.lock_by_default", R"(
  UPDATE identity_account SET version = version WHERE default_project = $1 AND default_project <> '')"};
constexpr sql::Statement find_project{"identity.project_life.find",
                                      "SELECT " PROJECT_COLUMNS " FROM identity_project_life WHERE project_id = $1"};
// Of whom the caller may see it: what waits. $7 is the caller, $8 whether he administers projects.
#define WAITING                                                                                                  \
  "SELECT a.project_id FROM identity_application a JOIN identity_project_life l ON l.project_id = a.project_id " \
  "WHERE a.state = 0 AND (CAST($8 AS BIGINT) = 1 OR a.applicant = $7 OR l.owner = $7)"
#define LISTED_PROJECTS(which)                                                              \
  "SELECT " PROJECT_COLUMNS " FROM identity_project_life WHERE " which                      \
  " AND (CAST($1 AS BIGINT) < 0 AND state < 1000 OR state = $1)"                            \
  " AND (CAST($2 AS TEXT) = '' OR name_key = $2) AND (CAST($3 AS TEXT) = '' OR owner = $3)" \
  " AND (created_ms, project_id) > (CAST($4 AS BIGINT), CAST($5 AS TEXT))"                  \
  " AND (CAST($9 AS BIGINT) < 0 OR CAST($9 AS BIGINT) = CASE WHEN project_id IN (" WAITING  \
  ") THEN 1 ELSE 0 END)"                                                                    \
  " ORDER BY created_ms, project_id LIMIT $6"
#define OPEN_PROJECTS "system = 0 AND (CAST($8 AS BIGINT) = 1 OR (state = 1 AND private = 0))"
constexpr sql::Statement list_own{"identity.project_life.list_own", LISTED_PROJECTS(R"(project_id IN (
         SELECT project_id FROM identity_membership
          WHERE account_id = $7 AND account_id <> '' AND (CAST($10 AS BIGINT) = 0 AND state <= 10 OR state IN (1, 5))
         UNION ALL SELECT project_id FROM identity_project_life
                    WHERE owner = $7 AND owner <> '' AND CAST($10 AS BIGINT) = 0))")};
// What is common to few leads to them; otherwise the list is walked by age, as far as it goes.
constexpr sql::Statement list_open{"identity.project_life.list_open", LISTED_PROJECTS(OPEN_PROJECTS)};
constexpr sql::Statement list_named{"identity.project_life.list_named",
                                    LISTED_PROJECTS("name_key = $2 AND " OPEN_PROJECTS)};
constexpr sql::Statement list_owned{"identity.project_life.list_owned",
                                    LISTED_PROJECTS("owner = $3 AND owner <> '' AND " OPEN_PROJECTS)};
constexpr sql::Statement list_waiting{"identity.project_life.list_waiting",
                                      LISTED_PROJECTS("project_id IN (" WAITING ") AND " OPEN_PROJECTS)};
#undef OPEN_PROJECTS
#undef LISTED_PROJECTS
#undef WAITING
constexpr sql::Statement page_projects{"identity.project_life.page", "SELECT " PROJECT_COLUMNS
                                                                     R"( FROM identity_project_life
 WHERE system = 0 AND project_id > $1 ORDER BY project_id LIMIT $2)"};
constexpr sql::Statement page_everything{"identity.project_life.page_all", "SELECT " PROJECT_COLUMNS
                                                                           R"( FROM identity_project_life
 WHERE project_id > $1 ORDER BY project_id LIMIT $2)"};
constexpr sql::Statement list_expired{"identity.project_life.expired", R"(
  SELECT project_id FROM identity_project_life
   WHERE system = 0 AND state < 100 AND state > 0 AND end_ms <= $1 ORDER BY end_ms, project_id)"};
constexpr sql::Statement insert_project{"identity.project_life.insert",
                                        "INSERT INTO identity_project_life (" PROJECT_COLUMNS R"(, name_key)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17))"};
constexpr sql::Statement update_project{"identity.project_life.update", R"(
  UPDATE identity_project_life SET state = $2, state_reason = $3, name = $4, owner = $5, homepage = $6,
         description = $7, end_ms = $8, join_policy = $9, leave_policy = $10, max_members = $11, private = $12,
         deactivated_ms = $13, last_application = $14, name_key = $15
   WHERE project_id = $1)"};
constexpr sql::Statement owned{"identity.project_life.owned",
                               "SELECT project_id FROM identity_project_life WHERE owner = $1 AND owner <> ''"};

constexpr sql::Statement list_silent{"identity.project_limit.silent", R"(
  WITH looked_at AS (
    SELECT project_id, state, system FROM identity_project_life WHERE project_id > $1 ORDER BY project_id LIMIT $2)
  SELECT p.project_id, p.state, p.system, l.resource, m.account_id, m.state
    FROM looked_at p
    LEFT JOIN identity_project_limit l ON l.project_id = p.project_id AND l.resource = $3
    LEFT JOIN identity_membership m ON m.project_id = p.project_id AND m.state IN (1, 5, 10, 200)
   ORDER BY p.project_id)"};
constexpr sql::Statement list_capacities{"identity.project_limit.list", R"(
  SELECT resource, project_amount, member_amount FROM identity_project_limit WHERE project_id = $1)"};
constexpr sql::Statement save_capacity{"identity.project_limit.save", R"(
  INSERT INTO identity_project_limit (project_id, resource, project_amount, member_amount) VALUES ($1, $2, $3, $4)
  ON CONFLICT (project_id, resource) DO UPDATE SET project_amount = excluded.project_amount,
         member_amount = excluded.member_amount)"};

constexpr sql::Statement set_default{
    "identity.account.set_default_project",
    "UPDATE identity_account SET default_project = $2, version = version + 1 WHERE id = $1"};
constexpr sql::Statement forget_default_of{"identity.account.forget_default_of", R"(
  UPDATE identity_account SET version = version + 1, default_project = COALESCE(
         (SELECT project_id FROM identity_project_life WHERE project_id = identity_account.id), '')
   WHERE id = $2 AND default_project = $1)"};
constexpr sql::Statement forget_default_everywhere{"identity.account.forget_default_project", R"(
  UPDATE identity_account SET version = version + 1, default_project = COALESCE(
         (SELECT project_id FROM identity_project_life WHERE project_id = identity_account.id), '')
   WHERE default_project = $1 AND default_project <> '')"};

namespace going {
constexpr sql::Statement unfinished{"identity.project_life.unfinished", R"(
  UPDATE identity_project_life SET state = 1000, owner = '' WHERE owner = $1 AND owner <> '' AND state = 0)"};
constexpr sql::Statement ownerless{"identity.project_life.ownerless",
                                   "UPDATE identity_project_life SET owner = '' WHERE owner = $1 AND owner <> ''"};
constexpr sql::Statement own{"identity.project_life.forget_own", R"(
  UPDATE identity_project_life SET state = 1000, state_reason = 'its owner''s account was removed'
   WHERE project_id = $1 AND system = 1)"};
constexpr sql::Statement user_limits{"quota.holding.user_is_gone",
                                     "UPDATE identity_holding SET limit_amount = 0 WHERE holder = $1"};
constexpr sql::Statement project{"identity.project_life.forget", R"(
  UPDATE identity_project_life SET state = 1000, state_reason = 'the project was deleted' WHERE project_id = $1)"};
constexpr sql::Statement members{"identity.membership.forget_project", R"(
  UPDATE identity_membership SET state = 200 WHERE project_id = $1 AND state <= 10)"};
constexpr sql::Statement member_limits{"quota.holding.project_is_gone", R"(
  UPDATE identity_holding SET limit_amount = 0
   WHERE source = $1 AND holder IN (SELECT 'user:' || account_id FROM identity_membership WHERE project_id = $2))"};
constexpr sql::Statement pending{"identity.application.forget_project", R"(
  UPDATE identity_application SET state = 5, reason = 'the project was deleted' WHERE project_id = $1 AND state = 0)"};
}  // namespace going

ProjectLife to_project(const sql::Row& row) {
  return {.id = ProjectId(row.text(0)),
          .state = static_cast<State>(row.integer(1)),
          .state_reason = row.text(2),
          .name = row.text(3),
          .owner = row.text(4),
          .homepage = row.text(5),
          .description = row.text(6),
          .end = row.time(7),
          .join_policy = static_cast<Policy>(row.integer(8)),
          .leave_policy = static_cast<Policy>(row.integer(9)),
          .max_members = row.integer(10),
          .is_private = row.boolean(11),
          .system = row.boolean(12),
          .created = row.time(13),
          .deactivated = row.maybe_time(14),
          .last_application = ApplicationId(row.integer(15))};
}
ProjectId to_project_id(const sql::Row& row) {
  return ProjectId(row.text(0));
}
std::string key_of(const std::string& name) {
  return label_key(name).value_or(name);
}
template <class E>
int number(E value) {
  return static_cast<int>(value);
}

constexpr const char* columns = PROJECT_COLUMNS;
#undef PROJECT_COLUMNS

template <class Id>
std::vector<sql::Value> texts(const std::set<Id>& ids) {
  std::vector<sql::Value> out;
  for (const auto& id : ids) out.emplace_back(id.text());
  return out;
}

}  // namespace

std::optional<ProjectLife> lock(sql::Tx& tx, const ProjectId& id) {
  return mapped(tx.maybe_one(lock_project, id), to_project);
}
bool lock_account(sql::Tx& tx, const AccountId& id) {
  return tx.execute(lock_row_of_account, id) == 1;
}
void lock_accounts_by_default(sql::Tx& tx, const ProjectId& project) {
  tx.execute(lock_by_default, project);
}
std::optional<ProjectLife> project(sql::Tx& tx, const ProjectId& id) {
  return mapped(tx.maybe_one(find_project, id), to_project);
}

namespace {

const sql::Statement& way_to_open(const ProjectFilter& filter) {
  if (!filter.name.empty()) return list_named;
  if (!filter.owner.empty()) return list_owned;
  return filter.waiting.value_or(false) ? list_waiting : list_open;
}

}  // namespace

std::vector<ProjectLife> projects(sql::Tx& tx, const Caller& caller, const ProjectFilter& filter,
                                  const ProjectLife* behind) {
  const bool memberships_only = filter.mode == Mode::member;
  int state = filter.state ? number(*filter.state) : -1;
  const bool only_active = filter.mode == Mode::active || filter.mode == Mode::member;
  if (only_active && filter.state && *filter.state != State::active) return {};
  if (only_active) state = number(State::active);
  const std::string name = filter.name.empty() ? "" : key_of(filter.name);
  const auto from = behind == nullptr ? std::numeric_limits<std::int64_t>::min() : to_ms(behind->created);
  const std::string from_id = behind == nullptr ? "" : behind->id.text();
  const int waiting = filter.waiting ? (*filter.waiting ? 1 : 0) : -1;
  auto found = mapped(tx.query(list_own, state, name, filter.owner, from, from_id, filter.limit, caller.account,
                               caller.admin, waiting, memberships_only),
                      to_project);
  if (filter.mode != Mode::standard && filter.mode != Mode::active) return found;
  auto others = mapped(tx.query(way_to_open(filter), state, name, filter.owner, from, from_id, filter.limit,
                                caller.account, caller.admin, waiting),
                       to_project);
  std::vector<ProjectLife> all;
  const auto age = [](const ProjectLife& project) { return std::pair(project.created, project.id); };
  std::ranges::set_union(std::move(found), std::move(others), std::back_inserter(all), {}, age, age);
  if (all.size() > filter.limit) all.resize(filter.limit);
  return all;
}
std::map<ProjectId, ProjectLife> projects(sql::Tx& tx, const std::set<ProjectId>& ids) {
  static const sql::Batch batch(
      "identity.project_life.of_many",
      std::string("SELECT ") + columns + " FROM identity_project_life WHERE project_id IN (VALUES ",
      {sql::Batch::Column::text}, ")");
  std::map<ProjectId, ProjectLife> all;
  for (auto& project : mapped(batch.run(tx, texts(ids)), to_project)) all.emplace(project.id, std::move(project));
  return all;
}
std::vector<ProjectLife> page(sql::Tx& tx, bool system, const std::string& after, std::size_t limit) {
  return mapped(tx.query(system ? page_everything : page_projects, after, limit), to_project);
}
std::vector<ProjectId> expired(sql::Tx& tx, Time now) {
  return mapped(tx.query(list_expired, now), to_project_id);
}
Silent silent_about(sql::Tx& tx, std::string_view resource, const std::string& after, std::size_t limit) {
  Silent found;
  std::size_t looked_at = 0;
  for (const auto& row : tx.query(list_silent, after, limit, resource)) {
    const ProjectId id = to_project_id(row);
    const auto state = static_cast<State>(row.integer(1));
    const bool is_next = id.text() != found.last;
    looked_at += is_next ? 1 : 0;
    found.last = id.text();
    if (!row.is_null(3) || state == State::uninitialized || state == State::deleted) continue;
    if (is_next) found.projects.push_back({.life = {.id = id, .state = state, .system = row.boolean(2)}});
    if (row.is_null(4)) continue;
    found.projects.back().members.push_back({.id = {},
                                             .project = id,
                                             .account = AccountId(row.text(4)),
                                             .state = static_cast<MembershipState>(row.integer(5))});
  }
  if (looked_at < limit) found.last.clear();
  return found;
}
void insert(sql::Tx& tx, const ProjectLife& p) {
  tx.execute(insert_project, p.id, number(p.state), p.state_reason, p.name, p.owner, p.homepage, p.description, p.end,
             number(p.join_policy), number(p.leave_policy), p.max_members, p.is_private, p.system, p.created,
             p.deactivated, p.last_application, key_of(p.name));
}
void update(sql::Tx& tx, const ProjectLife& p) {
  tx.execute(update_project, p.id, number(p.state), p.state_reason, p.name, p.owner, p.homepage, p.description, p.end,
             number(p.join_policy), number(p.leave_policy), p.max_members, p.is_private, p.deactivated,
             p.last_application, key_of(p.name));
}

Capacities capacities(sql::Tx& tx, const ProjectId& project) {
  Capacities found;
  for (const auto& row : tx.query(list_capacities, project))
    found.emplace(row.text(0), Capacity{.project = row.integer(1), .member = row.integer(2)});
  return found;
}
std::map<ProjectId, Capacities> capacities(sql::Tx& tx, const std::set<ProjectId>& projects) {
  static const sql::Batch batch("identity.project_limit.of_many",
                                "SELECT project_id, resource, project_amount, member_amount FROM identity_project_limit"
                                " WHERE project_id IN (VALUES ",
                                {sql::Batch::Column::text}, ")");
  std::map<ProjectId, Capacities> all;
  for (const auto& row : batch.run(tx, texts(projects)))
    all[to_project_id(row)].emplace(row.text(1), Capacity{.project = row.integer(2), .member = row.integer(3)});
  return all;
}
void save(sql::Tx& tx, const ProjectId& project, const Capacities& capacities) {
  for (const auto& [resource, capacity] : capacities)
    tx.execute(save_capacity, project, resource, capacity.project, capacity.member);
}

std::vector<ProjectId> owned_by(sql::Tx& tx, std::string_view owner) {
  return mapped(tx.query(owned, owner), to_project_id);
}
void set_default_project(sql::Tx& tx, const AccountId& account, std::string_view project) {
  tx.execute(set_default, account, project);
}
void forget_default(sql::Tx& tx, const ProjectId& project, const AccountId& account) {
  tx.execute(forget_default_of, project, account);
}
void forget_default(sql::Tx& tx, const ProjectId& project) {
  tx.execute(forget_default_everywhere, project);
}

void forget_account(sql::Tx& tx, const AccountId& account) {
  tx.execute(going::unfinished, account);
  tx.execute(going::ownerless, account);
  tx.execute(going::own, account);
  directory::store::changed(tx);  // its turn is before the limits'
  tx.execute(going::user_limits, "user:" + account.text());
  tx.execute(going::user_limits, "project:" + account.text());
}
void forget_project(sql::Tx& tx, const ProjectId& project) {
  if (!lock(tx, project)) return;
  tx.execute(going::project, project);
  tx.execute(going::pending, project);
  tx.execute(going::members, project);
  tx.execute(going::member_limits, "project:" + project.text(), project);
  tx.execute(going::user_limits, "project:" + project.text());
}

}  // namespace nephele::identity::projects::store
