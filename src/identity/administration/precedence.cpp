// SPDX-License-Identifier: Apache-2.0
#include "identity/administration/precedence.h"

#include <algorithm>

#include "identity/administration/store.h"
#include "identity/directory/store.h"

namespace nephele::identity::administration {

namespace {

/// Adds those that are an administrator's at the API for users, or of projects: all.
void add_all_users(Deeds& deeds) {
  deeds.look = true;
  const auto all = all_user_actions();
  deeds.users.insert(all.begin(), all.end());
}
void add_all_projects(Deeds& deeds) {
  const auto all = all_project_actions();
  deeds.projects.insert(all.begin(), all.end());
}

std::vector<std::string> groups_of(sql::Tx& tx, const AccountId& account) {
  std::vector<std::string> names;
  for (auto& group : directory::store::groups_of(tx, account)) names.push_back(std::move(group.name));
  return names;
}

}  // namespace

bool Deeds::cover(const Deeds& other) const {
  return (look || !other.look) && std::ranges::includes(users, other.users) &&
         std::ranges::includes(projects, other.projects);
}

Deeds deeds_of(const AccountId& account, std::vector<std::string> groups, const Offices& offices) {
  Deeds deeds;
  if (std::ranges::find_first_of(groups, offices.api_groups) != groups.end()) add_all_users(deeds);
  if (std::ranges::find(offices.project_admins, account.text()) != offices.project_admins.end())
    add_all_projects(deeds);
  const Rank rank = rank_of(Account{.id = account}, groups, offices.groups);
  const Powers powers{.rank = rank, .groups = std::move(groups)};
  if (rank != Rank::none) deeds.look = true;
  for (const auto action : all_user_actions())
    if (may(action, powers, offices.overrides)) deeds.users.insert(action);
  for (const auto action : all_project_actions())
    if (may(action, powers, offices.overrides)) deeds.projects.insert(action);
  return deeds;
}

Result<> Precedence::check(sql::Tx& tx, const AccountId& who, const AccountId& whom) const {
  if (store::administers(tx, who)) return {};
  const auto deeds = [&](const AccountId& account) { return deeds_of(account, groups_of(tx, account), offices_); };
  if (!store::administers(tx, whom) && deeds(who).cover(deeds(whom))) return {};
  return fail(Kind::forbidden,
              "the user ranks above you: he may do what you may not; ask an administrator of the cloud");
}

StillHolds Precedence::holds(AccountId who, AccountId whom, std::optional<UserAction> deed) const {
  return [this, who = std::move(who), whom = std::move(whom), deed](sql::Tx& tx) -> Result<> {
    TRY_VOID(check(tx, who, whom));
    if (store::administers(tx, who)) return {};
    const auto deeds = deeds_of(who, groups_of(tx, who), offices_);
    if (deed ? deeds.users.contains(*deed) : deeds.look) return {};
    return fail(Kind::forbidden, "you may not do this any more; ask an administrator of the cloud");
  };
}

}  // namespace nephele::identity::administration
