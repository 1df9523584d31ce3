// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "identity/model.h"
#include "sql/sql.h"

/// All SQL of the directory. `insert` and `update` answer false when the name is taken, `remove` when there was
/// nothing. Names are given as keys (account_name.h).
namespace nephele::identity::directory::store {

/// What lists may be narrowed to; empty members narrow nothing. Pages are in the order of the ids.
struct Filter {
  std::string name_key = {};
  std::string domain = {};
  std::string parent = {};  ///< of projects
  std::optional<bool> enabled = {};
  std::string after = {};  ///< the last id of the page before
  std::size_t limit = 0;
};

/// Grows with every change of what is here and in catalog_store.h, in the same transaction; caches of all processes
/// hang on it. The functions below see to it themselves.
std::int64_t version(sql::Tx& tx);
void changed(sql::Tx& tx);
/// changed() if `did`, and then `did`.
bool noted(sql::Tx& tx, bool did);

std::optional<Domain> domain(sql::Tx& tx, const DomainId& id);
std::optional<Domain> domain_named(sql::Tx& tx, std::string_view name_key);
std::vector<Domain> domains(sql::Tx& tx, const Filter& filter);
bool insert(sql::Tx& tx, const Domain& domain, std::string_view name_key);
bool update(sql::Tx& tx, const Domain& domain, std::string_view name_key);
/// With its roles.
bool remove(sql::Tx& tx, const DomainId& id);
/// Users, groups or projects are in it.
bool in_use(sql::Tx& tx, const DomainId& id);

std::optional<Project> project(sql::Tx& tx, const ProjectId& id);
std::optional<Project> project_named(sql::Tx& tx, const DomainId& domain, std::string_view name_key);
std::vector<Project> projects(sql::Tx& tx, const Filter& filter);
/// Those in which the account has a role: its own or a group's, direct or inherited.
std::vector<Project> projects_of(sql::Tx& tx, const AccountId& account);
bool insert(sql::Tx& tx, const Project& project, std::string_view name_key);
bool update(sql::Tx& tx, const Project& project, std::string_view name_key);
bool remove(sql::Tx& tx, const ProjectId& id);
bool has_children(sql::Tx& tx, const ProjectId& id);
/// How many projects stand above it and at it; 0: there is none.
std::int64_t depth(sql::Tx& tx, const ProjectId& id);

std::optional<Group> group(sql::Tx& tx, const GroupId& id);
std::vector<Group> groups(sql::Tx& tx, const Filter& filter);
std::vector<Group> groups_of(sql::Tx& tx, const AccountId& account);
bool insert(sql::Tx& tx, const Group& group, std::string_view name_key);
bool update(sql::Tx& tx, const Group& group, std::string_view name_key);
bool remove(sql::Tx& tx, const GroupId& id);
void add_member(sql::Tx& tx, const GroupId& group, const AccountId& account);
bool remove_member(sql::Tx& tx, const GroupId& group, const AccountId& account);
std::int64_t member_count(sql::Tx& tx, const GroupId& group);
bool is_member(sql::Tx& tx, const GroupId& group, const AccountId& account);

std::optional<Role> role(sql::Tx& tx, const RoleId& id);
std::optional<Role> role_named(sql::Tx& tx, const DomainId& domain, std::string_view name_key);
std::vector<Role> roles(sql::Tx& tx, const Filter& filter);
/// The cloud's own roles, which other things stand on; what is there stays.
void seed_roles(sql::Tx& tx);
bool insert(sql::Tx& tx, const Role& role, std::string_view name_key);
bool update(sql::Tx& tx, const Role& role, std::string_view name_key);
bool remove(sql::Tx& tx, const RoleId& id);

/// A repetition changes nothing.
void insert(sql::Tx& tx, const Assignment& assignment);
bool remove(sql::Tx& tx, const Assignment& assignment);
bool exists(sql::Tx& tx, const Assignment& assignment);
/// Of one actor at one target, not inherited ones.
std::vector<Role> roles_at(sql::Tx& tx, const Actor& actor, const Target& target);
/// What the account may be at the target: its own roles, its groups', and those inherited from the domain and the
/// projects above. Implied roles are not in it.
std::vector<Role> effective_roles(sql::Tx& tx, const AccountId& account, const Target& target);

struct AssignmentFilter {
  std::optional<Actor> actor = {};
  std::optional<Target> target = {};
  std::string role = {};
  std::size_t limit = 0;
};
std::vector<Assignment> assignments(sql::Tx& tx, const AssignmentFilter& filter);
/// What nothing refers to any more, when an actor or a target goes.
void forget_actor(sql::Tx& tx, const Actor& actor);
void forget_target(sql::Tx& tx, const Target& target);

}  // namespace nephele::identity::directory::store
