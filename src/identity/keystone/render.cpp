// SPDX-License-Identifier: Apache-2.0
#include "identity/keystone/render.h"

#include <fmt/chrono.h>

#include <algorithm>
#include <array>

#include "base/utc.h"
#include "identity/directory/catalog_store.h"

namespace nephele::identity::keystone {

namespace {

json::Object self(const std::string& url) {
  json::Object links;
  links.append("self", url);
  return links;
}

/// An id that may be missing.
json::Value id_or_null(const std::string& id) {
  return id.empty() ? json::Value() : json::Value(id);
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
  return text;
}

json::Array words(std::string_view list) {
  json::Array out;
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    out.emplace_back(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return out;
}

json::Array role_list(const std::vector<Role>& roles) {
  json::Array out;
  for (const auto& role : roles) {
    json::Object each;
    each.append("id", role.id.text());
    each.append("name", role.name);
    out.emplace_back(std::move(each));
  }
  return out;
}

}  // namespace

std::string url_for(std::string url, const std::string& project, const std::string& user) {
  for (const std::string_view form : {"$(project_id)s", "%(project_id)s", "$(tenant_id)s", "%(tenant_id)s"})
    url = replaced(std::move(url), form, project);
  for (const std::string_view form : {"$(user_id)s", "%(user_id)s"}) url = replaced(std::move(url), form, user);
  return url;
}

std::string iso_time(Time time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(time - seconds).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", utc(seconds), micros);
}

std::vector<CatalogEntry> catalog(sql::Tx& tx) {
  std::vector<CatalogEntry> entries;
  for (auto& service : directory::store::services(tx, "", ""))
    if (service.enabled) entries.push_back({.service = std::move(service), .endpoints = {}});
  for (auto& endpoint : directory::store::endpoints(tx, {})) {
    if (!endpoint.enabled) continue;
    const auto entry =
        std::ranges::find(entries, endpoint.service, [](const CatalogEntry& each) { return each.service.id; });
    if (entry != entries.end()) entry->endpoints.push_back(std::move(endpoint));
  }
  return entries;
}

json::Object domain_json(const Domain& domain, const Links& links) {
  json::Object out;
  out.append("id", domain.id.text());
  out.append("name", domain.name);
  out.append("description", domain.description);
  out.append("enabled", domain.enabled);
  out.append("options", json::Object());
  out.append("tags", json::Array());
  out.append("links", self(links.v3("/domains/" + domain.id.text())));
  return out;
}

json::Object project_json(const Project& project, const Links& links) {
  json::Object out;
  out.append("id", project.id.text());
  out.append("name", project.name);
  out.append("domain_id", project.domain.text());
  out.append("parent_id", project.parent.empty() ? project.domain.text() : project.parent.text());
  out.append("description", project.description);
  out.append("enabled", project.enabled);
  out.append("is_domain", false);
  out.append("options", json::Object());
  json::Array tags;
  for (const auto& tag : project.tags) tags.emplace_back(tag);
  out.append("tags", std::move(tags));
  out.append("links", self(links.v3("/projects/" + project.id.text())));
  return out;
}

json::Object group_json(const Group& group, const Links& links) {
  json::Object out;
  out.append("id", group.id.text());
  out.append("name", group.name);
  out.append("domain_id", group.domain.text());
  out.append("description", group.description);
  out.append("links", self(links.v3("/groups/" + group.id.text())));
  return out;
}

json::Object role_json(const Role& role, const Links& links) {
  json::Object out;
  out.append("id", role.id.text());
  out.append("name", role.name);
  out.append("domain_id", id_or_null(role.domain.text()));
  out.append("description", role.description);
  out.append("options", json::Object());
  out.append("links", self(links.v3("/roles/" + role.id.text())));
  return out;
}

json::Object user_json(const Account& account, const Links& links) {
  json::Object out;
  out.append("id", account.id.text());
  out.append("name", account.name);
  out.append("domain_id", account.domain.text());
  out.append("enabled", account.enabled);
  if (!account.email.empty()) out.append("email", account.email);
  if (!account.description.empty()) out.append("description", account.description);
  if (!account.default_project.empty()) out.append("default_project_id", account.default_project.text());
  out.append("password_expires_at", nullptr);
  out.append("options", json::Object());
  out.append("links", self(links.v3("/users/" + account.id.text())));
  return out;
}

json::Object credential_json(const ApplicationCredential& credential, const Links& links) {
  json::Object out;
  out.append("id", credential.id.text());
  out.append("name", credential.name);
  out.append("description", credential.description);
  out.append("project_id", credential.project.text());
  out.append("roles", role_list(credential.roles));
  out.append("unrestricted", credential.unrestricted);
  out.append("expires_at", credential.expires ? json::Value(iso_time(*credential.expires)) : json::Value());
  out.append("system", nullptr);
  out.append("links", self(links.v3("/users/" + credential.account.text() + "/application_credentials/" +
                                    credential.id.text())));
  return out;
}

json::Object region_json(const Region& region, const Links& links) {
  json::Object out;
  out.append("id", region.id.text());
  out.append("description", region.description);
  out.append("parent_region_id", id_or_null(region.parent.text()));
  out.append("links", self(links.v3("/regions/" + region.id.text())));
  return out;
}

json::Object service_json(const Service& service, const Links& links) {
  json::Object out;
  out.append("id", service.id.text());
  out.append("type", service.type);
  out.append("name", service.name);
  out.append("description", service.description);
  out.append("enabled", service.enabled);
  out.append("links", self(links.v3("/services/" + service.id.text())));
  return out;
}

json::Object endpoint_json(const Endpoint& endpoint, const Links& links) {
  json::Object out;
  out.append("id", endpoint.id.text());
  out.append("interface", endpoint.interface);
  out.append("region", id_or_null(endpoint.region.text()));
  out.append("region_id", id_or_null(endpoint.region.text()));
  out.append("service_id", endpoint.service.text());
  out.append("url", endpoint.url);
  out.append("enabled", endpoint.enabled);
  out.append("links", self(links.v3("/endpoints/" + endpoint.id.text())));
  return out;
}

json::Object short_json(const std::string& id, const std::string& name, const Domain& domain) {
  json::Object in;
  in.append("id", domain.id.text());
  in.append("name", domain.name);
  json::Object out;
  out.append("id", id);
  out.append("name", name);
  out.append("domain", std::move(in));
  return out;
}

json::Array catalog_json(const std::vector<CatalogEntry>& catalog, const Standing& standing) {
  const std::string project = standing.project ? standing.project->id.text() : std::string();
  json::Array out;
  for (const auto& [service, endpoints] : catalog) {
    json::Array places;
    for (const auto& endpoint : endpoints) {
      if (project.empty() && endpoint.url.contains("_id)s")) continue;  // nowhere without a project
      json::Object place;
      place.append("id", endpoint.id.text());
      place.append("interface", endpoint.interface);
      place.append("region", id_or_null(endpoint.region.text()));
      place.append("region_id", id_or_null(endpoint.region.text()));
      place.append("url", url_for(endpoint.url, project, standing.token.account.id.text()));
      places.emplace_back(std::move(place));
    }
    json::Object entry;
    entry.append("id", service.id.text());
    entry.append("type", service.type);
    entry.append("name", service.name);
    entry.append("endpoints", std::move(places));
    out.emplace_back(std::move(entry));
  }
  return out;
}

json::Object token_json(const Standing& standing, const std::vector<CatalogEntry>* catalog) {
  const auto& token = standing.token;
  json::Object out;
  out.append("methods", words(token.grant.methods));
  auto user = short_json(token.account.id.text(), token.account.name, standing.user_domain);
  user.append("password_expires_at", nullptr);
  out.append("user", std::move(user));
  json::Array audit;
  audit.emplace_back(token.id.text());
  if (!token.grant.parent.empty()) audit.emplace_back(token.grant.parent);
  out.append("audit_ids", std::move(audit));
  out.append("expires_at", iso_time(token.expires));
  out.append("issued_at", iso_time(token.issued));
  if (!token.grant.scope) return out;
  if (standing.project) {
    out.append("is_domain", false);
    out.append("project", short_json(standing.project->id.text(), standing.project->name, *standing.domain));
  } else if (standing.domain) {
    json::Object domain;
    domain.append("id", standing.domain->id.text());
    domain.append("name", standing.domain->name);
    out.append("domain", std::move(domain));
  } else {
    json::Object system;
    system.append("all", true);
    out.append("system", std::move(system));
  }
  out.append("roles", role_list(standing.roles));
  if (!token.grant.credential.empty()) {
    json::Object credential;
    credential.append("id", token.grant.credential.text());
    out.append("application_credential", std::move(credential));
  }
  if (catalog != nullptr) out.append("catalog", catalog_json(*catalog, standing));
  return out;
}

json::Value wrapped(const std::string& name, json::Object object) {
  json::Object out;
  out.append(name, std::move(object));
  return out;
}

}  // namespace nephele::identity::keystone
