// SPDX-License-Identifier: Apache-2.0
#include "identity/administration/ranks.h"

#include <algorithm>
#include <array>

#include "base/settings/codec.h"

namespace nephele::identity::administration {

namespace {

struct ActionRow {
  UserAction action;
  std::string_view op;
  Rank needed;
};
constexpr std::array actions{ActionRow{UserAction::activate, "activate", Rank::admin},
                             ActionRow{UserAction::deactivate, "deactivate", Rank::admin},
                             ActionRow{UserAction::accept, "accept", Rank::admin},
                             ActionRow{UserAction::reject, "reject", Rank::admin},
                             ActionRow{UserAction::verify, "verify", Rank::admin},
                             ActionRow{UserAction::resend_verification, "resend_verification", Rank::admin},
                             ActionRow{UserAction::set_email, "set_email", Rank::admin},
                             ActionRow{UserAction::release_shibboleth, "release_shibboleth", Rank::admin},
                             ActionRow{UserAction::enable_local, "enable_local", Rank::admin},
                             ActionRow{UserAction::contact, "contact", Rank::helpdesk},
                             ActionRow{UserAction::modify_email, "modify_email", Rank::helpdesk}};

struct ProjectRow {
  ProjectAction action;
  std::string_view op;
};
/// All of them are an administrator's.
constexpr std::array project_actions{
    ProjectRow{ProjectAction::approve, "approve"},     ProjectRow{ProjectAction::deny, "deny"},
    ProjectRow{ProjectAction::suspend, "suspend"},     ProjectRow{ProjectAction::unsuspend, "unsuspend"},
    ProjectRow{ProjectAction::terminate, "terminate"}, ProjectRow{ProjectAction::reinstate, "reinstate"},
    ProjectRow{ProjectAction::contact, "contact"}};

struct GroupRank {
  std::string_view group;
  Rank rank;
};
constexpr std::array group_ranks{GroupRank{"admin-readonly", Rank::reader}, GroupRank{"helpdesk", Rank::helpdesk},
                                 GroupRank{"admin", Rank::admin}};

const ActionRow& row_of(UserAction action) noexcept {
  return *std::ranges::find(actions, action, &ActionRow::action);
}

}  // namespace

Rank rank_of(const Account& account, std::span<const std::string> groups, std::span<const std::string> permitted) {
  if (account.admin) return Rank::admin;
  Rank best = Rank::none;
  for (const auto& group : groups) {
    if (std::ranges::find(permitted, group) == permitted.end()) continue;
    const auto known = std::ranges::find(group_ranks, group, &GroupRank::group);
    best = std::max(best, known == group_ranks.end() ? Rank::reader : known->rank);  // a site's own group looks
  }
  return best;
}

std::optional<UserAction> user_action_from(std::string_view op) noexcept {
  const auto found = std::ranges::find(actions, op, &ActionRow::op);
  return found == actions.end() ? std::nullopt : std::optional(found->action);
}
std::string_view to_string(UserAction action) noexcept {
  return row_of(action).op;
}
std::vector<UserAction> all_user_actions() {
  std::vector<UserAction> all;
  for (const auto& row : actions) all.push_back(row.action);
  return all;
}
Rank needed(UserAction action) noexcept {
  return row_of(action).needed;
}

std::optional<ProjectAction> project_action_from(std::string_view op) noexcept {
  const auto found = std::ranges::find(project_actions, op, &ProjectRow::op);
  return found == project_actions.end() ? std::nullopt : std::optional(found->action);
}
std::string_view to_string(ProjectAction action) noexcept {
  return std::ranges::find(project_actions, action, &ProjectRow::action)->op;
}
std::vector<ProjectAction> all_project_actions() {
  std::vector<ProjectAction> all;
  for (const auto& row : project_actions) all.push_back(row.action);
  return all;
}

namespace {

/// The groups by action of one target of ADMIN_RBAC.
template <class Action>
Result<std::map<Action, std::vector<std::string>>> groups_in(const settings::Node& rbac, const std::string& target,
                                                             std::optional<Action> (*action_from)(std::string_view)) {
  std::map<Action, std::vector<std::string>> out;
  const auto* given = rbac.entry(target);
  if (given == nullptr) return out;
  const auto* table = given->value.if_table();
  if (table == nullptr)
    return settings::fail_at(given->value.place(), "ADMIN_RBAC: '" + target + "' is no dict of actions; write one");
  for (const auto& entry : *table) {
    const auto action = action_from(entry.key);
    if (!action)
      return settings::fail_at(entry.value.place(),
                               "ADMIN_RBAC: there is no action '" + entry.key + "' of a " + target);
    const auto groups = settings::Codec<std::vector<std::string>>::decode(entry.value, {});
    if (!groups)
      return settings::fail_at(entry.value.place(), "ADMIN_RBAC: '" + entry.key + "' wants a list of groups");
    out[*action] = *groups;
  }
  return out;
}

template <class Action>
bool may_by(const std::map<Action, std::vector<std::string>>& overrides, Action action, Rank wanted,
            const Powers& powers) {
  if (powers.marked) return true;
  const auto named = overrides.find(action);
  if (named == overrides.end()) return powers.rank >= wanted;
  return powers.rank != Rank::none && std::ranges::find_first_of(powers.groups, named->second) != powers.groups.end();
}

bool has(std::span<const std::string> ways, std::string_view module) {
  return std::ranges::find(ways, module) != ways.end();
}

}  // namespace

Result<Overrides> overrides_from(const settings::Node& rbac) {
  Overrides out;
  TRY(out.users, groups_in<UserAction>(rbac, "user", +[](std::string_view op) { return user_action_from(op); }));
  TRY(out.projects,
      groups_in<ProjectAction>(rbac, "project", +[](std::string_view op) { return project_action_from(op); }));
  return out;
}

bool may(UserAction action, const Powers& powers, const Overrides& overrides) {
  return may_by(overrides.users, action, needed(action), powers);
}
bool may(ProjectAction action, const Powers& powers, const Overrides& overrides) {
  return may_by(overrides.projects, action, Rank::admin, powers);
}

bool applies(UserAction action, const life::Life& life, std::span<const std::string> ways) {
  switch (action) {
    case UserAction::activate:
      return may_activate(life).has_value();
    case UserAction::deactivate:
      return life.active && may_deactivate(life).has_value();
    case UserAction::accept:
      return may_accept(life).has_value();
    case UserAction::reject:
      return may_reject(life).has_value();
    case UserAction::verify:
    case UserAction::resend_verification:
      return may_verify(life).has_value();
    case UserAction::set_email:
      return !life.active;
    case UserAction::release_shibboleth:
      return has(ways, "shibboleth");
    case UserAction::enable_local:
      return life.active && life.email_verified && !has(ways, "local");
    case UserAction::modify_email:
      return life.active;
    case UserAction::contact:
      return life.email_verified;
  }
  return false;
}

std::vector<std::string> offered(const Powers& powers, const Overrides& overrides, const life::Life& life,
                                 std::span<const std::string> ways) {
  std::vector<std::string> out;
  for (const auto& row : actions)
    if (may(row.action, powers, overrides) && applies(row.action, life, ways)) out.emplace_back(row.op);
  return out;
}

}  // namespace nephele::identity::administration
