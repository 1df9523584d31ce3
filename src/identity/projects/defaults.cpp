// SPDX-License-Identifier: Apache-2.0
#include "identity/projects/defaults.h"

#include "identity/directory/store.h"
#include "identity/projects/store.h"
#include "identity/projects/upkeep.h"
#include "identity/quota/resource_store.h"

namespace nephele::identity::projects {

Result<std::optional<Spreading>> spread_default(sql::Tx& tx, const quota::Quotas& quotas, Spreading from,
                                                std::size_t at_once) {
  directory::store::changed(tx);
  const auto resource = quota::resources::find(tx, from.resource);
  if (!resource) return std::nullopt;
  const auto page = store::silent_about(tx, from.resource, from.after, at_once);
  std::vector<quota::Limit> limits;
  for (const auto& [life, members] : page.projects) {
    const auto amount = life.system ? resource->system_default : resource->project_default;
    add_limits(limits, life, {{from.resource, {.project = amount, .member = amount}}}, members);
  }
  TRY_VOID(quotas.set_limits(tx, limits));
  if (page.last.empty()) return std::nullopt;
  return Spreading{.resource = std::move(from.resource), .after = page.last};
}

Task<Result<>> spread_defaults(sql::Database& database, const quota::Quotas& quotas, std::vector<Spreading> rest) {
  for (auto& each : rest)
    for (std::optional next = std::move(each); next;) {
      CO_TRY(next, co_await database.write([&](sql::Tx& tx) { return spread_default(tx, quotas, *next); }));
    }
  co_return Result<>{};
}

Task<Result<quota::Resource>> modify_resource(sql::Database& database, const quota::Quotas& quotas, std::string name,
                                              quota::ResourceChange change,
                                              std::function<void(sql::Tx&, const quota::Resource&)> note) {
  const bool of_defaults = change.system_default || change.project_default;
  std::vector<Spreading> rest;
  CO_TRY(auto resource, co_await database.write([&](sql::Tx& tx) -> Result<quota::Resource> {
    rest.clear();  // it may be a second try
    directory::store::changed(tx);
    TRY(auto changed, quotas.modify_resource(tx, name, change));
    if (note) note(tx, changed);
    if (!of_defaults) return changed;
    TRY(auto more, spread_default(tx, quotas, {.resource = name, .after = {}}));
    if (more) rest.push_back(std::move(*more));
    return changed;
  }));
  CO_TRY_VOID(co_await spread_defaults(database, quotas, std::move(rest)));
  co_return resource;
}

}  // namespace nephele::identity::projects
