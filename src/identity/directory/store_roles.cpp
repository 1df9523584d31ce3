// SPDX-License-Identifier: Apache-2.0
#include "base/secret.h"
#include "identity/directory/store.h"
#include "sql/mapped.h"

namespace nephele::identity::directory::store {

namespace {

using sql::mapped;

namespace role_sql {
constexpr sql::Statement find{"identity.role.find",
                              "SELECT id, domain_id, name, description FROM identity_role WHERE id = $1"};
constexpr sql::Statement named{
    "identity.role.named",
    "SELECT id, domain_id, name, description FROM identity_role WHERE domain_id = $1 AND name_key = $2"};
constexpr sql::Statement page{"identity.role.page", R"(
  SELECT id, domain_id, name, description FROM identity_role
   WHERE id > $1 AND (CAST($2 AS TEXT) = '' OR name_key = $2) AND domain_id = $3 ORDER BY id LIMIT $4)"};
constexpr sql::Statement insert{"identity.role.insert", R"(
  INSERT INTO identity_role (id, domain_id, name, name_key, description) VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (domain_id, name_key) DO NOTHING)"};
constexpr sql::Statement taken{"identity.role.taken",
                               "SELECT 1 FROM identity_role WHERE domain_id = $1 AND name_key = $2 AND id <> $3"};
constexpr sql::Statement update{"identity.role.update",
                                "UPDATE identity_role SET name = $2, name_key = $3, description = $4 WHERE id = $1"};
constexpr sql::Statement remove{"identity.role.remove", "DELETE FROM identity_role WHERE id = $1"};
}  // namespace role_sql

namespace assignment_sql {
constexpr sql::Statement insert{"identity.assignment.insert", R"(
  INSERT INTO identity_assignment (actor_kind, actor_id, target_kind, target_id, role_id, inherited)
  VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING)"};
constexpr sql::Statement remove{"identity.assignment.remove", R"(
  DELETE FROM identity_assignment WHERE actor_kind = $1 AND actor_id = $2 AND target_kind = $3 AND target_id = $4
     AND role_id = $5 AND inherited = $6)"};
constexpr sql::Statement exists{"identity.assignment.exists", R"(
  SELECT 1 FROM identity_assignment WHERE actor_kind = $1 AND actor_id = $2 AND target_kind = $3 AND target_id = $4
     AND role_id = $5 AND inherited = $6)"};
constexpr sql::Statement roles_at{"identity.assignment.roles_at", R"(
  SELECT r.id, r.domain_id, r.name, r.description FROM identity_assignment a JOIN identity_role r ON r.id = a.role_id
   WHERE a.actor_kind = $1 AND a.actor_id = $2 AND a.target_kind = $3 AND a.target_id = $4 AND a.inherited = 0
   ORDER BY r.name_key)"};
// The first branch is the target itself, the others what its roles may be inherited from.
constexpr sql::Statement effective{"identity.assignment.effective", R"(
  WITH RECURSIVE above (kind, id, parent_id, domain_id, inherited) AS (
    SELECT CAST($2 AS TEXT), CAST($3 AS TEXT), COALESCE(p.parent_id, ''), COALESCE(p.domain_id, ''), 0
      FROM (SELECT 1 AS one) o LEFT JOIN identity_project p ON p.id = $3 AND $2 = 'project'
    UNION ALL
    SELECT 'project', p.id, p.parent_id, p.domain_id, 1 FROM above a JOIN identity_project p ON p.id = a.parent_id
  ), places (kind, id, inherited) AS (
    SELECT kind, id, inherited FROM above
    UNION SELECT 'domain', domain_id, 1 FROM above WHERE domain_id <> ''
  )
  SELECT DISTINCT r.id, r.domain_id, r.name, r.description
    FROM places pl
    JOIN identity_assignment a ON a.target_kind = pl.kind AND a.target_id = pl.id AND a.inherited = pl.inherited
    JOIN identity_role r ON r.id = a.role_id
   WHERE (a.actor_kind = 'user' AND a.actor_id = $1)
      OR (a.actor_kind = 'group' AND a.actor_id IN (SELECT group_id FROM identity_group_member WHERE account_id = $1))
   ORDER BY r.name)"};
constexpr sql::Statement list{"identity.assignment.list", R"(
  SELECT actor_kind, actor_id, target_kind, target_id, role_id, inherited FROM identity_assignment
   WHERE (CAST($1 AS TEXT) = '' OR (actor_kind = $1 AND actor_id = $2))
     AND (CAST($3 AS TEXT) = '' OR (target_kind = $3 AND target_id = $4))
     AND (CAST($5 AS TEXT) = '' OR role_id = $5)
   ORDER BY actor_kind, actor_id, target_kind, target_id, role_id, inherited LIMIT $6)"};
constexpr sql::Statement forget_actor{"identity.assignment.forget_actor",
                                      "DELETE FROM identity_assignment WHERE actor_kind = $1 AND actor_id = $2"};
constexpr sql::Statement forget_target{"identity.assignment.forget_target",
                                       "DELETE FROM identity_assignment WHERE target_kind = $1 AND target_id = $2"};
}  // namespace assignment_sql

Role to_role(const sql::Row& row) {
  return {.id = RoleId(row.text(0)), .domain = DomainId(row.text(1)), .name = row.text(2), .description = row.text(3)};
}
Assignment to_assignment(const sql::Row& row) {
  return {.actor = {row.text(0) == "user" ? ActorKind::user : ActorKind::group, row.text(1)},
          .target = {target_kind(row.text(2)), row.text(3)},
          .role = RoleId(row.text(4)),
          .inherited = row.boolean(5)};
}

}  // namespace

std::optional<Role> role(sql::Tx& tx, const RoleId& id) {
  return mapped(tx.maybe_one(role_sql::find, id), to_role);
}
std::optional<Role> role_named(sql::Tx& tx, const DomainId& domain, std::string_view name_key) {
  return mapped(tx.maybe_one(role_sql::named, domain, name_key), to_role);
}
std::vector<Role> roles(sql::Tx& tx, const Filter& filter) {
  return mapped(tx.query(role_sql::page, filter.after, filter.name_key, filter.domain, filter.limit), to_role);
}
void seed_roles(sql::Tx& tx) {
  for (const auto name : {admin_role, member_role, reader_role})
    insert(tx, Role{.id = RoleId(to_hex(random_bytes(16))), .domain = {}, .name = std::string(name), .description = {}},
           name);
}
bool insert(sql::Tx& tx, const Role& role, std::string_view name_key) {
  return noted(tx, tx.execute(role_sql::insert, role.id, role.domain, role.name, name_key, role.description) == 1);
}
bool update(sql::Tx& tx, const Role& role, std::string_view name_key) {
  if (tx.maybe_one(role_sql::taken, role.domain, name_key, role.id)) return false;
  tx.execute(role_sql::update, role.id, role.name, name_key, role.description);
  return noted(tx, true);
}
bool remove(sql::Tx& tx, const RoleId& id) {
  return noted(tx, tx.execute(role_sql::remove, id) == 1);
}

void insert(sql::Tx& tx, const Assignment& a) {
  noted(tx, tx.execute(assignment_sql::insert, to_string(a.actor.kind), a.actor.id, to_string(a.target.kind),
                       a.target.id, a.role, a.inherited) == 1);
}
bool remove(sql::Tx& tx, const Assignment& a) {
  return noted(tx, tx.execute(assignment_sql::remove, to_string(a.actor.kind), a.actor.id, to_string(a.target.kind),
                              a.target.id, a.role, a.inherited) == 1);
}
bool exists(sql::Tx& tx, const Assignment& a) {
  return tx
      .maybe_one(assignment_sql::exists, to_string(a.actor.kind), a.actor.id, to_string(a.target.kind), a.target.id,
                 a.role, a.inherited)
      .has_value();
}
std::vector<Role> roles_at(sql::Tx& tx, const Actor& actor, const Target& target) {
  return mapped(tx.query(assignment_sql::roles_at, to_string(actor.kind), actor.id, to_string(target.kind), target.id),
                to_role);
}
std::vector<Role> effective_roles(sql::Tx& tx, const AccountId& account, const Target& target) {
  return mapped(tx.query(assignment_sql::effective, account, to_string(target.kind), target.id), to_role);
}
std::vector<Assignment> assignments(sql::Tx& tx, const AssignmentFilter& filter) {
  const auto actor = filter.actor.value_or(Actor{});
  const auto target = filter.target.value_or(Target{});
  return mapped(tx.query(assignment_sql::list, filter.actor ? to_string(actor.kind) : "", actor.id,
                         filter.target ? to_string(target.kind) : "", target.id, filter.role, filter.limit),
                to_assignment);
}
void forget_actor(sql::Tx& tx, const Actor& actor) {
  noted(tx, tx.execute(assignment_sql::forget_actor, to_string(actor.kind), actor.id) > 0);
}
void forget_target(sql::Tx& tx, const Target& target) {
  noted(tx, tx.execute(assignment_sql::forget_target, to_string(target.kind), target.id) > 0);
}

}  // namespace nephele::identity::directory::store
