// SPDX-License-Identifier: Apache-2.0
#include "identity/astakos/identity_callers.h"

#include <algorithm>

#include "identity/directory/store.h"
#include "identity/life/store.h"
#include "identity/projects/store.h"

namespace nephele::identity::astakos {

IdentityCallers::IdentityCallers(Identity& identity, Components& components, sql::Database& database)
    : identity_(identity), components_(components), database_(database) {}

Task<Result<KnownUser>> IdentityCallers::known(Secret token) {
  auto found = co_await identity_.authenticate_token(std::move(token));
  if (!found && found.error().kind() == Kind::unauthorized) co_return fail(Kind::unauthorized, "Invalid token");
  if (!found) co_return fail(found.error());
  KnownUser user{.token = std::move(*found), .projects = {}, .groups = {}};
  const AccountId account = user.token.account.id;
  CO_TRY_VOID(co_await database_.read([&](sql::Tx& tx) -> Result<> {
    if (life::store::must_agree(tx, account)) return fail(Kind::unauthorized, "Pending approval terms");
    user.projects = directory::store::projects_of(tx, account);
    std::erase_if(user.projects, [&](const Project& project) { return !project.enabled || !user.reaches(project.id); });
    user.groups.clear();
    if (!user.himself()) return {};
    for (auto& group : directory::store::groups_of(tx, account)) user.groups.push_back(std::move(group.name));
    return {};
  }));
  co_return user;
}

Task<Result<CallingUser>> IdentityCallers::user(Secret token) {
  CO_TRY(const auto found, co_await known(std::move(token)));
  const AccountId& account = found.token.account.id;
  CO_TRY(auto projects,
         co_await database_.read([&](sql::Tx& tx) { return projects::store::projects_with_quota(tx, account); }));
  // Where somebody has a role by Keystone's word alone; quota he has there if a component gave him some.
  for (const auto& project : found.projects)
    if (std::ranges::find(projects, project.id.text()) == projects.end()) projects.push_back(project.id.text());
  std::erase_if(projects, [&](const std::string& project) { return !found.reaches(ProjectId(project)); });
  co_return CallingUser{.uuid = account.text(), .projects = std::move(projects), .himself = found.himself()};
}

Task<Result<CallingComponent>> IdentityCallers::component(Secret token) {
  CO_TRY(auto found, co_await components_.by_token(std::move(token)));
  co_return CallingComponent{.name = std::move(found.first.name), .services = std::move(found.second)};
}

}  // namespace nephele::identity::astakos
