// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "identity/directory/store.h"
#include "sql/mapped.h"

namespace nephele::identity::directory::store {

namespace {

using sql::mapped;

constexpr std::string_view counter = "directory";

constexpr sql::Statement read_version{"identity.directory.version",
                                      "SELECT value FROM identity_counter WHERE name = $1"};
constexpr sql::Statement grow_version{"identity.directory.changed",
                                      "UPDATE identity_counter SET value = value + 1 WHERE name = $1"};

namespace domain_sql {
constexpr sql::Statement find{"identity.domain.find",
                              "SELECT id, name, description, enabled FROM identity_domain WHERE id = $1"};
constexpr sql::Statement named{"identity.domain.named",
                               "SELECT id, name, description, enabled FROM identity_domain WHERE name_key = $1"};
constexpr sql::Statement page{"identity.domain.page", R"(
  SELECT id, name, description, enabled FROM identity_domain
   WHERE id > $1 AND (CAST($2 AS TEXT) = '' OR name_key = $2) AND (CAST($3 AS BIGINT) < 0 OR enabled = $3)
   ORDER BY id LIMIT $4)"};
constexpr sql::Statement insert{"identity.domain.insert", R"(
  INSERT INTO identity_domain (id, name, name_key, description, enabled) VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (name_key) DO NOTHING)"};
constexpr sql::Statement taken{"identity.domain.taken",
                               "SELECT 1 FROM identity_domain WHERE name_key = $1 AND id <> $2"};
constexpr sql::Statement update{
    "identity.domain.update",
    "UPDATE identity_domain SET name = $2, name_key = $3, description = $4, enabled = $5 WHERE id = $1"};
constexpr sql::Statement remove{"identity.domain.remove", "DELETE FROM identity_domain WHERE id = $1"};
constexpr sql::Statement remove_roles{"identity.domain.remove_roles", "DELETE FROM identity_role WHERE domain_id = $1"};
constexpr sql::Statement in_use{"identity.domain.in_use", R"(
  SELECT 1 WHERE EXISTS (SELECT 1 FROM identity_account WHERE domain_id = $1)
              OR EXISTS (SELECT 1 FROM identity_project WHERE domain_id = $1)
              OR EXISTS (SELECT 1 FROM identity_group WHERE domain_id = $1))"};
}  // namespace domain_sql

namespace project_sql {
constexpr sql::Statement find{"identity.project.find", R"(
  SELECT id, domain_id, parent_id, name, description, enabled, tags, created_ms FROM identity_project WHERE id = $1)"};
constexpr sql::Statement named{"identity.project.named", R"(
  SELECT id, domain_id, parent_id, name, description, enabled, tags, created_ms
    FROM identity_project WHERE domain_id = $1 AND name_key = $2)"};
constexpr sql::Statement page{"identity.project.page", R"(
  SELECT id, domain_id, parent_id, name, description, enabled, tags, created_ms FROM identity_project
   WHERE id > $1 AND (CAST($2 AS TEXT) = '' OR name_key = $2) AND (CAST($3 AS BIGINT) < 0 OR enabled = $3)
     AND (CAST($4 AS TEXT) = '' OR domain_id = $4) AND (CAST($5 AS TEXT) = '' OR parent_id = $5)
   ORDER BY id LIMIT $6)"};
// Where a role holds directly, below a project with an inherited one, or in a domain with one.
constexpr sql::Statement of_account{"identity.project.of_account", R"(
  WITH RECURSIVE mine (kind, id, inherited) AS (
    SELECT target_kind, target_id, inherited FROM identity_assignment
     WHERE (actor_kind = 'user' AND actor_id = $1)
        OR (actor_kind = 'group' AND actor_id IN (SELECT group_id FROM identity_group_member WHERE account_id = $1))
  ), below (id) AS (
    SELECT p.id FROM mine m JOIN identity_project p ON p.parent_id = m.id
     WHERE m.kind = 'project' AND m.inherited = 1
    UNION SELECT p.id FROM below b JOIN identity_project p ON p.parent_id = b.id
  )
  SELECT id, domain_id, parent_id, name, description, enabled, tags, created_ms FROM identity_project
   WHERE id IN (SELECT id FROM mine WHERE kind = 'project' AND inherited = 0
                UNION SELECT id FROM below
                UNION SELECT p.id FROM mine m JOIN identity_project p ON p.domain_id = m.id
                       WHERE m.kind = 'domain' AND m.inherited = 1)
   ORDER BY id)"};
constexpr sql::Statement insert{"identity.project.insert", R"(
  INSERT INTO identity_project (id, domain_id, parent_id, name, name_key, description, enabled, tags, created_ms)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (domain_id, name_key) DO NOTHING)"};
constexpr sql::Statement taken{"identity.project.taken",
                               "SELECT 1 FROM identity_project WHERE domain_id = $1 AND name_key = $2 AND id <> $3"};
constexpr sql::Statement update{"identity.project.update", R"(
  UPDATE identity_project SET name = $2, name_key = $3, description = $4, enabled = $5, tags = $6 WHERE id = $1)"};
constexpr sql::Statement remove{"identity.project.remove", "DELETE FROM identity_project WHERE id = $1"};
constexpr sql::Statement depth{"identity.project.depth", R"(
  WITH RECURSIVE above (parent_id, depth) AS (
    SELECT parent_id, CAST(1 AS BIGINT) FROM identity_project WHERE id = $1
    UNION ALL SELECT p.parent_id, a.depth + 1 FROM above a JOIN identity_project p ON p.id = a.parent_id
  ) SELECT COALESCE(MAX(depth), 0) FROM above)"};
constexpr sql::Statement has_children{"identity.project.has_children",
                                      "SELECT 1 FROM identity_project WHERE parent_id = $1 LIMIT 1"};
}  // namespace project_sql

namespace group_sql {
constexpr sql::Statement find{"identity.group.find",
                              "SELECT id, domain_id, name, description FROM identity_group WHERE id = $1"};
constexpr sql::Statement page{"identity.group.page", R"(
  SELECT id, domain_id, name, description FROM identity_group
   WHERE id > $1 AND (CAST($2 AS TEXT) = '' OR name_key = $2) AND (CAST($3 AS TEXT) = '' OR domain_id = $3)
   ORDER BY id LIMIT $4)"};
constexpr sql::Statement of_account{"identity.group.of_account", R"(
  SELECT g.id, g.domain_id, g.name, g.description FROM identity_group g JOIN identity_group_member m ON m.group_id = g.id
   WHERE m.account_id = $1 ORDER BY g.id)"};
constexpr sql::Statement insert{"identity.group.insert", R"(
  INSERT INTO identity_group (id, domain_id, name, name_key, description) VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (domain_id, name_key) DO NOTHING)"};
constexpr sql::Statement taken{"identity.group.taken",
                               "SELECT 1 FROM identity_group WHERE domain_id = $1 AND name_key = $2 AND id <> $3"};
constexpr sql::Statement update{"identity.group.update",
                                "UPDATE identity_group SET name = $2, name_key = $3, description = $4 WHERE id = $1"};
constexpr sql::Statement remove{"identity.group.remove", "DELETE FROM identity_group WHERE id = $1"};
constexpr sql::Statement add_member{
    "identity.group.add_member",
    "INSERT INTO identity_group_member (group_id, account_id) VALUES ($1, $2) ON CONFLICT DO NOTHING"};
constexpr sql::Statement remove_member{"identity.group.remove_member",
                                       "DELETE FROM identity_group_member WHERE group_id = $1 AND account_id = $2"};
constexpr sql::Statement count_members{"identity.group.count_members",
                                       "SELECT COUNT(*) FROM identity_group_member WHERE group_id = $1"};
constexpr sql::Statement is_member{"identity.group.is_member",
                                   "SELECT 1 FROM identity_group_member WHERE group_id = $1 AND account_id = $2"};
}  // namespace group_sql

std::string written(const std::vector<std::string>& tags) {
  json::Array array;
  for (const auto& tag : tags) array.emplace_back(tag);
  return json::write(array);
}

std::vector<std::string> tags_from(const std::string& text) {
  std::vector<std::string> tags;
  const auto value = json::parse(text);
  if (!value || value->if_array() == nullptr) return tags;
  for (const auto& tag : *value->if_array())
    if (const auto* name = tag.if_string()) tags.push_back(*name);
  return tags;
}

Domain to_domain(const sql::Row& row) {
  return {.id = DomainId(row.text(0)), .name = row.text(1), .description = row.text(2), .enabled = row.boolean(3)};
}
Project to_project(const sql::Row& row) {
  return {.id = ProjectId(row.text(0)),
          .domain = DomainId(row.text(1)),
          .parent = ProjectId(row.text(2)),
          .name = row.text(3),
          .description = row.text(4),
          .enabled = row.boolean(5),
          .tags = tags_from(row.text(6)),
          .created = row.time(7)};
}
Group to_group(const sql::Row& row) {
  return {.id = GroupId(row.text(0)), .domain = DomainId(row.text(1)), .name = row.text(2), .description = row.text(3)};
}

int state_of(const std::optional<bool>& enabled) {
  return enabled ? (*enabled ? 1 : 0) : -1;
}

}  // namespace

std::int64_t version(sql::Tx& tx) {
  return tx.one(read_version, counter).integer(0);
}
void changed(sql::Tx& tx) {
  tx.execute(grow_version, counter);
}
bool noted(sql::Tx& tx, bool did) {
  if (did) changed(tx);
  return did;
}

std::optional<Domain> domain(sql::Tx& tx, const DomainId& id) {
  return mapped(tx.maybe_one(domain_sql::find, id), to_domain);
}
std::optional<Domain> domain_named(sql::Tx& tx, std::string_view name_key) {
  return mapped(tx.maybe_one(domain_sql::named, name_key), to_domain);
}
std::vector<Domain> domains(sql::Tx& tx, const Filter& filter) {
  return mapped(tx.query(domain_sql::page, filter.after, filter.name_key, state_of(filter.enabled), filter.limit),
                to_domain);
}
bool insert(sql::Tx& tx, const Domain& domain, std::string_view name_key) {
  return noted(
      tx, tx.execute(domain_sql::insert, domain.id, domain.name, name_key, domain.description, domain.enabled) == 1);
}
bool update(sql::Tx& tx, const Domain& domain, std::string_view name_key) {
  if (tx.maybe_one(domain_sql::taken, name_key, domain.id)) return false;
  tx.execute(domain_sql::update, domain.id, domain.name, name_key, domain.description, domain.enabled);
  return noted(tx, true);
}
bool remove(sql::Tx& tx, const DomainId& id) {
  tx.execute(domain_sql::remove_roles, id);
  return noted(tx, tx.execute(domain_sql::remove, id) == 1);
}
bool in_use(sql::Tx& tx, const DomainId& id) {
  return tx.maybe_one(domain_sql::in_use, id).has_value();
}

std::optional<Project> project(sql::Tx& tx, const ProjectId& id) {
  return mapped(tx.maybe_one(project_sql::find, id), to_project);
}
std::optional<Project> project_named(sql::Tx& tx, const DomainId& domain, std::string_view name_key) {
  return mapped(tx.maybe_one(project_sql::named, domain, name_key), to_project);
}
std::vector<Project> projects(sql::Tx& tx, const Filter& filter) {
  return mapped(tx.query(project_sql::page, filter.after, filter.name_key, state_of(filter.enabled), filter.domain,
                         filter.parent, filter.limit),
                to_project);
}
std::vector<Project> projects_of(sql::Tx& tx, const AccountId& account) {
  return mapped(tx.query(project_sql::of_account, account), to_project);
}
bool insert(sql::Tx& tx, const Project& project, std::string_view name_key) {
  return noted(tx, tx.execute(project_sql::insert, project.id, project.domain, project.parent, project.name, name_key,
                              project.description, project.enabled, written(project.tags), project.created) == 1);
}
bool update(sql::Tx& tx, const Project& project, std::string_view name_key) {
  if (tx.maybe_one(project_sql::taken, project.domain, name_key, project.id)) return false;
  tx.execute(project_sql::update, project.id, project.name, name_key, project.description, project.enabled,
             written(project.tags));
  return noted(tx, true);
}
bool remove(sql::Tx& tx, const ProjectId& id) {
  return noted(tx, tx.execute(project_sql::remove, id) == 1);
}
std::int64_t depth(sql::Tx& tx, const ProjectId& id) {
  return tx.one(project_sql::depth, id).integer(0);
}
bool has_children(sql::Tx& tx, const ProjectId& id) {
  return tx.maybe_one(project_sql::has_children, id).has_value();
}

std::optional<Group> group(sql::Tx& tx, const GroupId& id) {
  return mapped(tx.maybe_one(group_sql::find, id), to_group);
}
std::vector<Group> groups(sql::Tx& tx, const Filter& filter) {
  return mapped(tx.query(group_sql::page, filter.after, filter.name_key, filter.domain, filter.limit), to_group);
}
std::vector<Group> groups_of(sql::Tx& tx, const AccountId& account) {
  return mapped(tx.query(group_sql::of_account, account), to_group);
}
bool insert(sql::Tx& tx, const Group& group, std::string_view name_key) {
  return noted(tx, tx.execute(group_sql::insert, group.id, group.domain, group.name, name_key, group.description) == 1);
}
bool update(sql::Tx& tx, const Group& group, std::string_view name_key) {
  if (tx.maybe_one(group_sql::taken, group.domain, name_key, group.id)) return false;
  tx.execute(group_sql::update, group.id, group.name, name_key, group.description);
  return noted(tx, true);
}
bool remove(sql::Tx& tx, const GroupId& id) {
  return noted(tx, tx.execute(group_sql::remove, id) == 1);
}
void add_member(sql::Tx& tx, const GroupId& group, const AccountId& account) {
  noted(tx, tx.execute(group_sql::add_member, group, account) == 1);
}
bool remove_member(sql::Tx& tx, const GroupId& group, const AccountId& account) {
  return noted(tx, tx.execute(group_sql::remove_member, group, account) == 1);
}
std::int64_t member_count(sql::Tx& tx, const GroupId& group) {
  return tx.one(group_sql::count_members, group).integer(0);
}
bool is_member(sql::Tx& tx, const GroupId& group, const AccountId& account) {
  return tx.maybe_one(group_sql::is_member, group, account).has_value();
}

}  // namespace nephele::identity::directory::store
