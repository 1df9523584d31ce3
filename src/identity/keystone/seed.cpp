// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "identity/account_name.h"
#include "identity/directory/catalog_store.h"
#include "identity/keystone/keystone.h"
#include "identity/keystone/listing.h"

namespace nephele::identity::keystone {

namespace {

namespace names = directory::store;

void seed_project(sql::Tx& tx, Time now) {
  names::insert(tx,
                Project{.id = ProjectId(new_id()),
                        .domain = DomainId(std::string(default_domain)),
                        .parent = {},
                        .name = std::string(first_project),
                        .description = "Administration of the cloud",
                        .enabled = true,
                        .tags = {},
                        .created = now},
                first_project);
}

/// The service, made or found, with one endpoint for each interface in our region.
void seed_catalog(sql::Tx& tx, const std::string& url) {
  const RegionId region{std::string(first_region)};
  names::insert(tx, Region{.id = region, .description = {}, .parent = {}});
  auto found = names::services(tx, "identity", "keystone");
  if (found.empty()) {
    names::insert(tx, Service{.id = ServiceId(new_id()),
                              .type = "identity",
                              .name = "keystone",
                              .description = "Accounts, tokens, projects"});
    found = names::services(tx, "identity", "keystone");
  }
  const auto& service = found.front();
  auto there = names::endpoints(tx, {.service = service.id.text(), .region = region.text()});
  for (const std::string_view interface : {"admin", "internal", "public"}) {
    const auto one = std::ranges::find(there, interface, &Endpoint::interface);
    if (one == there.end()) {
      names::insert(tx, Endpoint{.id = EndpointId(new_id()),
                                 .service = service.id,
                                 .interface = std::string(interface),
                                 .region = region,
                                 .url = url});
    } else if (one->url != url) {
      one->url = url;
      names::update(tx, *one);
    }
  }
}

std::vector<Assignment> administrators_roles(const AccountId& account, const Project& project, const Role& role) {
  std::vector<Assignment> all;
  for (const auto& target : {Target{TargetKind::project, project.id.text()}, Target{TargetKind::system, "all"},
                             Target{TargetKind::domain, std::string(default_domain)}})
    all.push_back({.actor = {ActorKind::user, account.text()}, .target = target, .role = role.id});
  return all;
}

}  // namespace

Task<Result<>> seed(sql::Database& database, const Clock& clock, std::string public_url) {
  const std::string url = public_url + "/identity/v3";
  const Time now = clock.now();
  co_return co_await database.write([&](sql::Tx& tx) {
    names::changed(tx);  // its row is locked until the end: of several processes that start, one seeds
    names::seed_roles(tx);
    seed_project(tx, now);
    seed_catalog(tx, url);
  });
}

Task<Result<>> make_administrator(sql::Database& database, const Clock& clock, AccountId account) {
  const Time now = clock.now();
  co_return co_await database.write([&](sql::Tx& tx) -> Result<> {
    names::seed_roles(tx);
    seed_project(tx, now);
    const auto role = names::role_named(tx, DomainId(), admin_role);
    const auto project = names::project_named(tx, DomainId(std::string(default_domain)), first_project);
    if (!role || !project) return fail(Kind::internal, "the cloud has no role admin or no project admin");
    for (const auto& assignment : administrators_roles(account, *project, *role)) names::insert(tx, assignment);
    return {};
  });
}

Task<Result<>> unmake_administrator(sql::Database& database, AccountId account) {
  co_return co_await database.write([&](sql::Tx& tx) {
    const auto role = names::role_named(tx, DomainId(), admin_role);
    const auto project = names::project_named(tx, DomainId(std::string(default_domain)), first_project);
    if (!role || !project) return;
    for (const auto& assignment : administrators_roles(account, *project, *role)) (void)names::remove(tx, assignment);
  });
}

}  // namespace nephele::identity::keystone
