// SPDX-License-Identifier: Apache-2.0
// The part of store.h about applications and memberships.
#include <set>

#include "base/json.h"
#include "identity/projects/draft.h"
#include "identity/projects/store.h"
#include "sql/batch.h"
#include "sql/mapped.h"

namespace nephele::identity::projects::store {

namespace {

using sql::mapped;

constexpr sql::Statement next_number{"identity.counter.next",
                                     "UPDATE identity_counter SET value = value + 1 WHERE name = $1 RETURNING value"};

constexpr sql::Statement insert_application{"identity.application.insert", R"(
  INSERT INTO identity_application (id, project_id, applicant, state, wanted, issued_ms, decided_ms, decided_by, reason)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9))"};
constexpr sql::Statement find_application{"identity.application.find", R"(
  SELECT id, project_id, applicant, state, wanted, issued_ms, decided_ms, decided_by, reason
    FROM identity_application WHERE id = $1)"};
constexpr sql::Statement list_pending_around{"identity.application.pending_around", R"(
  SELECT a.id, a.project_id, a.applicant, a.state, a.wanted, a.issued_ms, a.decided_ms, a.decided_by, a.reason
    FROM identity_application a JOIN identity_project_life p ON p.project_id = a.project_id
   WHERE a.state = 0 AND (a.applicant = $1 OR (p.owner = $1 AND p.state = 0)) ORDER BY a.id)"};
constexpr sql::Statement decide_application{"identity.application.decide", R"(
  UPDATE identity_application SET state = $2, decided_ms = $3, decided_by = $4, reason = $5 WHERE id = $1)"};
constexpr sql::Statement count_pending{"identity.application.count_pending",
                                       "SELECT COUNT(*) FROM identity_application WHERE applicant = $1 AND state = 0"};
constexpr sql::Statement find_units{
    "quota.holding.units",
    "SELECT usage_max FROM identity_holding WHERE holder = $1 AND source = $2 AND resource = $3"};
constexpr sql::Statement lock_units{"quota.holding.lock_units", R"(
  UPDATE identity_holding SET usage_max = usage_max WHERE holder = $1 AND source = $2 AND resource = $3
  RETURNING usage_max)"};
constexpr sql::Statement list_with_units{"identity.application.with_units", R"(
  SELECT applicant FROM identity_application WHERE state = 0 AND applicant <> ''
  UNION SELECT substr(holder, 6) FROM identity_holding
         WHERE resource = $1 AND usage_max <> 0 AND source = 'project:' || substr(holder, 6)
  UNION SELECT substr(holder, 9) FROM identity_holding WHERE resource = $1 AND usage_max <> 0 AND source = ''
  ORDER BY 1)"};

#define MEMBERSHIP_COLUMNS "m.id, m.project_id, m.account_id, m.state, m.state_reason"

constexpr sql::Statement insert_membership{"identity.membership.insert", R"(
  INSERT INTO identity_membership (id, project_id, account_id, state, state_reason) VALUES ($1, $2, $3, $4, $5))"};
constexpr sql::Statement update_membership{
    "identity.membership.update", "UPDATE identity_membership SET state = $2, state_reason = $3 WHERE id = $1"};
constexpr sql::Statement save_step{"identity.membership_step.save", R"(
  INSERT INTO identity_membership_step (membership_id, state, at_ms) VALUES ($1, $2, $3)
  ON CONFLICT (membership_id, state) DO UPDATE SET at_ms = excluded.at_ms)"};
constexpr sql::Statement list_steps{
    "identity.membership_step.list",
    "SELECT state, at_ms FROM identity_membership_step WHERE membership_id = $1 ORDER BY at_ms, state"};
constexpr sql::Statement find_membership{"identity.membership.find",
                                         "SELECT " MEMBERSHIP_COLUMNS " FROM identity_membership m WHERE m.id = $1"};
constexpr sql::Statement find_pair{"identity.membership.find_pair",
                                   "SELECT " MEMBERSHIP_COLUMNS
                                   " FROM identity_membership m WHERE m.project_id = $1 AND m.account_id = $2"};
constexpr sql::Statement of_project{"identity.membership.of_project",
                                    "SELECT " MEMBERSHIP_COLUMNS
                                    " FROM identity_membership m WHERE m.project_id = $1 ORDER BY m.id"};
constexpr sql::Statement of_account{"identity.membership.of_account",
                                    "SELECT " MEMBERSHIP_COLUMNS
                                    " FROM identity_membership m WHERE m.account_id = $1 ORDER BY m.id"};
constexpr sql::Statement own_and_owned{"identity.membership.own_and_owned", "SELECT " MEMBERSHIP_COLUMNS R"(
  FROM identity_membership m
 WHERE m.id IN (SELECT id FROM identity_membership WHERE account_id = $1
                UNION SELECT o.id FROM identity_project_life p JOIN identity_membership o ON o.project_id = p.project_id
                       WHERE p.owner = $1 AND p.owner <> '')
 ORDER BY m.id LIMIT $2)"};
constexpr sql::Statement everything{"identity.membership.all", "SELECT " MEMBERSHIP_COLUMNS R"(
  FROM identity_membership m
 WHERE m.id IN (SELECT id FROM identity_membership WHERE account_id = $1
                UNION SELECT o.id FROM identity_project_life p JOIN identity_membership o ON o.project_id = p.project_id
                       WHERE p.system = 0)
 ORDER BY m.id LIMIT $2)"};
constexpr sql::Statement count_places{
    "identity.membership.count_places",
    "SELECT COUNT(*) FROM identity_membership WHERE project_id = $1 AND state IN (1, 5, 10)"};

constexpr sql::Statement with_quota{"identity.membership.with_quota", R"(
  SELECT p.project_id FROM identity_membership m JOIN identity_project_life p ON p.project_id = m.project_id
   WHERE m.account_id = $1 AND m.state IN (1, 5) AND p.state IN (1, 10, 100) ORDER BY m.id)"};

constexpr const char* columns = MEMBERSHIP_COLUMNS;
#undef MEMBERSHIP_COLUMNS

Draft draft_of(const std::string& text) {
  const auto value = json::parse(text);
  if (!value || value->if_object() == nullptr) return {};
  return draft_from(*value->if_object()).value_or(Draft{});
}
Application to_application(const sql::Row& row) {
  return {.id = ApplicationId(row.integer(0)),
          .project = ProjectId(row.text(1)),
          .applicant = row.text(2),
          .state = static_cast<ApplicationState>(row.integer(3)),
          .wanted = draft_of(row.text(4)),
          .issued = row.time(5),
          .decided = row.maybe_time(6),
          .decided_by = row.text(7),
          .reason = row.text(8)};
}
Membership to_membership(const sql::Row& row) {
  return {.id = MembershipId(row.integer(0)),
          .project = ProjectId(row.text(1)),
          .account = AccountId(row.text(2)),
          .state = static_cast<MembershipState>(row.integer(3)),
          .state_reason = row.text(4)};
}
template <class E>
int number(E value) {
  return static_cast<int>(value);
}

}  // namespace

ApplicationId insert(sql::Tx& tx, Application& a) {
  a.id = ApplicationId(tx.one(next_number, "application").integer(0));
  tx.execute(insert_application, a.id, a.project, a.applicant, number(a.state), json::write(to_json(a.wanted)),
             a.issued, a.decided, a.decided_by, a.reason);
  return a.id;
}
std::optional<Application> application(sql::Tx& tx, ApplicationId id) {
  return mapped(tx.maybe_one(find_application, id), to_application);
}
std::map<ApplicationId, Application> applications(sql::Tx& tx, const std::set<ApplicationId>& ids) {
  static const sql::Batch batch(
      "identity.application.of_many",
      "SELECT id, project_id, applicant, state, wanted, issued_ms, decided_ms, decided_by, reason"
      " FROM identity_application WHERE id IN (VALUES ",
      {sql::Batch::Column::number}, ")");
  std::vector<sql::Value> numbers;
  for (const auto& id : ids) numbers.emplace_back(id.number());
  std::map<ApplicationId, Application> all;
  for (auto& application : mapped(batch.run(tx, numbers), to_application))
    all.emplace(application.id, std::move(application));
  return all;
}
void decide(sql::Tx& tx, const Application& a) {
  tx.execute(decide_application, a.id, number(a.state), a.decided, a.decided_by, a.reason);
}
std::int64_t pending_count(sql::Tx& tx, std::string_view applicant) {
  return tx.one(count_pending, applicant).integer(0);
}
std::vector<Application> pending_around(sql::Tx& tx, const AccountId& account) {
  return mapped(tx.query(list_pending_around, account), to_application);
}
Units units_in_use(sql::Tx& tx, const AccountId& account, bool lock) {
  const auto project = quota::project_ref(account.text()), user = quota::user_ref(account.text());
  const auto& statement = lock ? lock_units : find_units;
  const auto usage = [&](const std::string& holder, const std::string& source) {
    const auto row = tx.maybe_one(statement, holder, source, unit_resource);
    return row ? row->integer(0) : 0;
  };
  Units units;
  units.project = usage(project, "");
  units.user = usage(user, project);
  return units;
}
std::vector<std::string> with_units(sql::Tx& tx) {
  return mapped(tx.query(list_with_units, unit_resource), [](const sql::Row& row) { return row.text(0); });
}

MembershipId insert(sql::Tx& tx, Membership& m, Time now) {
  m.id = MembershipId(tx.one(next_number, "membership").integer(0));
  tx.execute(insert_membership, m.id, m.project, m.account, number(m.state), m.state_reason);
  tx.execute(save_step, m.id, number(m.state), now);
  return m.id;
}
void update(sql::Tx& tx, const Membership& m, Time now) {
  tx.execute(update_membership, m.id, number(m.state), m.state_reason);
  tx.execute(save_step, m.id, number(m.state), now);
}
std::optional<Membership> membership(sql::Tx& tx, MembershipId id) {
  return mapped(tx.maybe_one(find_membership, id), to_membership);
}
std::optional<Membership> membership(sql::Tx& tx, const ProjectId& project, const AccountId& account) {
  return mapped(tx.maybe_one(find_pair, project, account), to_membership);
}
std::map<std::pair<ProjectId, AccountId>, Membership> memberships(
    sql::Tx& tx, const std::set<std::pair<ProjectId, AccountId>>& pairs) {
  static const sql::Batch batch(
      "identity.membership.of_pairs",
      std::string("SELECT ") + columns + " FROM identity_membership m WHERE (m.project_id, m.account_id) IN (VALUES ",
      {sql::Batch::Column::text, sql::Batch::Column::text}, ")");
  std::vector<sql::Value> ids;
  for (const auto& [project, account] : pairs) {
    ids.emplace_back(project.text());
    ids.emplace_back(account.text());
  }
  std::map<std::pair<ProjectId, AccountId>, Membership> all;
  for (auto& found : mapped(batch.run(tx, ids), to_membership))
    all.emplace(std::pair(found.project, found.account), std::move(found));
  return all;
}
std::vector<Membership> members(sql::Tx& tx, const ProjectId& project) {
  return mapped(tx.query(of_project, project), to_membership);
}
std::map<ProjectId, std::vector<Membership>> members(sql::Tx& tx, const std::set<ProjectId>& projects) {
  static const sql::Batch batch(
      "identity.membership.of_projects",
      std::string("SELECT ") + columns + " FROM identity_membership m WHERE m.project_id IN (VALUES ",
      {sql::Batch::Column::text}, ") ORDER BY m.id");
  std::vector<sql::Value> ids;
  for (const auto& project : projects) ids.emplace_back(project.text());
  std::map<ProjectId, std::vector<Membership>> all;
  for (auto& found : mapped(batch.run(tx, ids), to_membership)) all[found.project].push_back(std::move(found));
  return all;
}
std::vector<Membership> memberships_of(sql::Tx& tx, const AccountId& account) {
  return mapped(tx.query(of_account, account), to_membership);
}
std::vector<Membership> memberships(sql::Tx& tx, const AccountId& account, bool all, std::size_t limit) {
  return mapped(tx.query(all ? everything : own_and_owned, account, limit), to_membership);
}
std::vector<std::string> projects_with_quota(sql::Tx& tx, const AccountId& account) {
  return mapped(tx.query(with_quota, account), [](const sql::Row& row) { return row.text(0); });
}
std::int64_t places_taken(sql::Tx& tx, const ProjectId& project) {
  return tx.one(count_places, project).integer(0);
}
std::map<ProjectId, std::int64_t> places_taken(sql::Tx& tx, const std::set<ProjectId>& projects) {
  static const sql::Batch batch("identity.membership.count_places_of_many",
                                "SELECT project_id, COUNT(*) FROM identity_membership WHERE state IN (1, 5, 10)"
                                " AND project_id IN (VALUES ",
                                {sql::Batch::Column::text}, ") GROUP BY project_id");
  std::vector<sql::Value> ids;
  for (const auto& project : projects) ids.emplace_back(project.text());
  std::map<ProjectId, std::int64_t> all;
  for (const auto& row : batch.run(tx, ids)) all.emplace(ProjectId(row.text(0)), row.integer(1));
  return all;
}
Steps steps(sql::Tx& tx, MembershipId id) {
  return mapped(tx.query(list_steps, id), [](const sql::Row& row) {
    return std::pair(static_cast<MembershipState>(row.integer(0)), row.time(1));
  });
}
std::map<MembershipId, Steps> steps(sql::Tx& tx, const std::vector<Membership>& memberships) {
  static const sql::Batch batch("identity.membership_step.of_many",
                                "SELECT membership_id, state, at_ms FROM identity_membership_step"
                                " WHERE membership_id IN (VALUES ",
                                {sql::Batch::Column::number}, ") ORDER BY membership_id, at_ms, state");
  std::vector<sql::Value> ids;
  for (const auto& membership : memberships) ids.emplace_back(membership.id.number());
  std::map<MembershipId, Steps> all;
  for (const auto& row : batch.run(tx, ids))
    all[MembershipId(row.integer(0))].emplace_back(static_cast<MembershipState>(row.integer(1)), row.time(2));
  return all;
}
std::map<AccountId, Person> people(sql::Tx& tx, const std::set<AccountId>& accounts) {
  static const sql::Batch batch("identity.account.called_of_many",
                                "SELECT id, name, email, first_name, last_name FROM identity_account"
                                " WHERE id IN (VALUES ",
                                {sql::Batch::Column::text}, ")");
  std::vector<sql::Value> ids;
  for (const auto& account : accounts) ids.emplace_back(account.text());
  std::map<AccountId, Person> all;
  for (const auto& row : batch.run(tx, ids)) {
    Account account;
    account.name = row.text(1);
    account.first_name = row.text(3);
    account.last_name = row.text(4);
    all.emplace(AccountId(row.text(0)), Person{.name = account.name, .called = called(account), .email = row.text(2)});
  }
  return all;
}

}  // namespace nephele::identity::projects::store
