// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/keystone/desk.h"

/// The JSON of the OpenStack Identity API v3, as its clients read it (measured: contract openstack-clients, 2 and 10).
namespace nephele::identity::keystone {

/// 2026-03-01T12:00:00.250000Z
std::string iso_time(Time time);

struct CatalogEntry {
  Service service;
  std::vector<Endpoint> endpoints;
};
/// Enabled services with their enabled endpoints.
std::vector<CatalogEntry> catalog(sql::Tx& tx);

json::Object domain_json(const Domain& domain, const Links& links);
json::Object project_json(const Project& project, const Links& links);
json::Object group_json(const Group& group, const Links& links);
json::Object role_json(const Role& role, const Links& links);
json::Object user_json(const Account& account, const Links& links);
json::Object credential_json(const ApplicationCredential& credential, const Links& links);
json::Object region_json(const Region& region, const Links& links);
json::Object service_json(const Service& service, const Links& links);
json::Object endpoint_json(const Endpoint& endpoint, const Links& links);
/// {"id", "name", "domain": {"id", "name"}}
json::Object short_json(const std::string& id, const std::string& name, const Domain& domain);

/// With $(project_id)s and the like replaced.
json::Array catalog_json(const std::vector<CatalogEntry>& catalog, const Standing& standing);
json::Object token_json(const Standing& standing, const std::vector<CatalogEntry>* catalog);

/// The endpoint's URL for a project and a user.
std::string url_for(std::string url, const std::string& project, const std::string& user);

/// {"NAME": object}
json::Value wrapped(const std::string& name, json::Object object);

}  // namespace nephele::identity::keystone
