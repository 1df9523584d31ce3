// SPDX-License-Identifier: Apache-2.0
// The part of AccountApi at identity/v2.0: tokens as Astakos and OpenStack's older clients know them.
#include <algorithm>

#include "identity/astakos/access_xml.h"
#include "identity/astakos/account_api.h"
#include "identity/astakos/component_store.h"
#include "identity/directory/catalog_store.h"
#include "identity/keystone/fields.h"
#include "identity/keystone/render.h"

namespace nephele::identity::astakos {

namespace {

using http::Request;
using http::Response;

constexpr std::string_view failure = "astakos.failed";
constexpr std::size_t body_bytes_max = std::size_t{64} * 1024;

/// A token's text and a password's are not told apart by their form, only by who knows them.
struct Credentials {
  std::string user;
  Secret password;
};

Answer<Credentials> credentials_in(const json::Object& given) {
  auto user = keystone::text_in(given, "username");
  auto password = keystone::text_in(given, "password");
  if (!user) return refuse(FaultName::bad_request, user.error().sentence());
  if (!password) return refuse(FaultName::bad_request, password.error().sentence());
  return Credentials{.user = std::move(*user), .password = Secret(std::move(*password))};
}

Response access_answer(const Request& request, const json::Value& answer) {
  const auto* object = answer.if_object();
  if (object != nullptr && format_of(request) == Format::xml) return xml_answer(200, access_xml(*object));
  return json_answer(200, json::write(answer));
}

bool is_uuid(std::string_view text) {
  return text.size() == 36 && text.find_first_not_of("0123456789abcdef-") == std::string_view::npos;
}

}  // namespace

Task<Response> AccountApi::version(Request&) {
  json::Object self, out, around;
  self.append("rel", "self");
  self.append("href", url_.text() + "/identity/v2.0");
  out.append("id", "v2.0");
  out.append("status", "CURRENT");
  out.append("updated", "2014-04-17T00:00:00Z");
  out.append("links", json::Array{std::move(self)});
  json::Array media;
  for (const std::string format : {"json", "xml"}) {
    json::Object each;
    each.append("base", "application/" + format);
    each.append("type", "application/vnd.openstack.identity-v2.0+" + format);
    media.emplace_back(std::move(each));
  }
  out.append("media-types", std::move(media));
  around.append("version", std::move(out));
  co_return json_answer(200, json::write(around));
}

Task<Answer<json::Array>> AccountApi::service_catalog(const Request& request, std::string project, std::string user) {
  auto found = co_await database_.read([&](sql::Tx& tx) {
    std::vector<Component> components = store::all(tx);
    json::Array out;
    for (const auto& [service, endpoints] : keystone::catalog(tx)) {
      if (!service.is_public) continue;
      const auto owner = std::ranges::find(components, service.component, &Component::name);
      json::Array places;
      for (const auto& endpoint : endpoints) {
        if (endpoint.interface != "public") continue;
        json::Object place;
        const auto url = keystone::url_for(endpoint.url, project, user);
        place.append("versionId", endpoint.version);
        place.append("region", endpoint.region.text());
        place.append("publicURL", url);
        place.append("internalURL", url);
        place.append("adminURL", url);
        if (owner != components.end()) place.append("SNF:uiURL", owner->ui_url);
        if (service.type == "astakos_weblogin")
          place.append("SNF:webloginURL", url + (url.ends_with('/') ? "login" : "/login"));
        places.emplace_back(std::move(place));
      }
      json::Object entry;
      entry.append("name", service.name);
      entry.append("type", service.type);
      entry.append("endpoints_links", json::Array());
      entry.append("endpoints", std::move(places));
      out.emplace_back(std::move(entry));
    }
    return out;
  });
  if (!found) co_return std::unexpected(fault_from(found.error(), request, log_, failure));
  co_return std::move(*found);
}

Task<Answer<json::Value>> AccountApi::access_for(const Request& request, KnownUser user, std::string token,
                                                 std::string tenant) {
  const auto& account = user.token.account;
  const std::string project = !tenant.empty()                   ? tenant
                              : account.default_project.empty() ? account.id.text()
                                                                : account.default_project.text();
  CO_TRY(auto catalog, co_await service_catalog(request, project, account.id.text()));
  json::Object home;
  home.append("id", project);
  home.append("name", called(account));
  json::Object shown;
  shown.append("id", std::move(token));
  shown.append("expires", timestamp(user.token.expires));
  shown.append("tenant", std::move(home));
  json::Array roles, projects;
  for (std::size_t i = 0; i < user.groups.size(); ++i) {
    json::Object role;
    role.append("id", std::to_string(i + 1));
    role.append("name", user.groups[i]);
    roles.emplace_back(std::move(role));
  }
  for (const auto& each : user.projects) projects.emplace_back(each.id.text());
  json::Object owner;
  owner.append("id", account.id.text());
  owner.append("name", called(account));
  owner.append("roles", std::move(roles));
  owner.append("roles_links", json::Array());
  owner.append("projects", std::move(projects));
  json::Object access;
  access.append("token", std::move(shown));
  access.append("user", std::move(owner));
  access.append("serviceCatalog", std::move(catalog));
  json::Object out;
  out.append("access", std::move(access));
  co_return json::Value(std::move(out));
}

/// OpenStack's own clients of v2.0 send a name and a password, and a project by its name.
Task<Answer<json::Value>> AccountApi::signed_in(const Request& request, json::Object auth, std::string user,
                                                Secret password) {
  const auto tenant_name = keystone::text_in(auth, "tenantName").value_or("");
  const auto tenant_id = keystone::text_in(auth, "tenantId").value_or("");
  keystone::AuthRequest wanted;
  wanted.method = keystone::PasswordMethod{
      .user = {.id = {}, .name = std::move(user), .domain = {.id = std::string(default_domain), .name = {}}},
      .password = std::move(password)};
  if (!tenant_name.empty() || !tenant_id.empty())
    wanted.scope = keystone::ProjectScope{
        {.id = tenant_id, .name = tenant_name, .domain = {.id = std::string(default_domain), .name = {}}}};
  auto issued = co_await tokens_.issue(std::move(wanted), request.remote);
  if (!issued) co_return std::unexpected(fault_from(issued.error(), request, log_, failure));
  auto known = co_await callers_.known(issued->token);
  if (!known) co_return std::unexpected(fault_from(known.error(), request, log_, failure));
  const auto& project = issued->standing.project;
  co_return co_await access_for(request, std::move(*known), issued->token.reveal(), project ? project->id.text() : "");
}

Task<Answer<json::Value>> AccountApi::issued(const Request& request, json::Object body) {
  const auto bad = [](std::string what) { return refuse(FaultName::bad_request, std::move(what)); };
  const auto* auth_value = body.find("auth");
  const auto* auth = auth_value == nullptr ? nullptr : auth_value->if_object();
  if (auth == nullptr) co_return bad("Malformed request: missing credentials");
  const auto* by_token = auth->find("token");
  const auto* by_password = auth->find("passwordCredentials");
  std::string uuid;
  Secret token;
  if (by_token != nullptr && by_token->if_object() != nullptr) {
    const auto* id = by_token->if_object()->find("id");
    if (id == nullptr || id->if_string() == nullptr) co_return bad("Malformed request: missing token");
    token = Secret(*id->if_string());
  } else if (by_password != nullptr && by_password->if_object() != nullptr) {
    CO_TRY(auto given, credentials_in(*by_password->if_object()));
    if (!is_uuid(given.user))
      co_return co_await signed_in(request, *auth, std::move(given.user), std::move(given.password));
    uuid = std::move(given.user);
    token = std::move(given.password);
  } else {
    co_return bad("Malformed request: missing credentials");
  }
  auto user = co_await callers_.known(token);
  if (!user) co_return std::unexpected(fault_from(user.error(), request, log_, failure));
  const std::string owner = user->token.account.id.text();
  if (!uuid.empty() && uuid != owner) co_return refuse(FaultName::unauthorized, "Invalid credentials");
  const auto tenant = keystone::text_in(*auth, "tenantName").value_or("");
  const auto is_his = [&](const Project& project) { return project.id.text() == tenant || project.name == tenant; };
  const auto project = std::ranges::find_if(user->projects, is_his);
  if (!tenant.empty() && tenant != owner && project == user->projects.end()) co_return bad("Not conforming tenantName");
  const std::string at = project == user->projects.end() ? std::string() : project->id.text();
  co_return co_await access_for(request, std::move(*user), token.reveal(), at);
}

Task<Response> AccountApi::issue(Request& request) {
  if (request.content_length.value_or(1) == 0) {
    // Anybody may ask what there is.
    auto catalog = co_await service_catalog(request, {}, {});
    if (!catalog) co_return fault_answer(catalog.error(), request);
    json::Object access, out;
    access.append("serviceCatalog", std::move(*catalog));
    out.append("access", std::move(access));
    co_return access_answer(request, json::Value(std::move(out)));
  }
  auto body = co_await json_object_body(request, body_bytes_max);
  if (!body) co_return fault_answer(body.error(), request);
  const auto answer = co_await issued(request, std::move(*body));
  co_return answer ? access_answer(request, *answer) : fault_answer(answer.error(), request);
}

/// OpenStack's call for another one's catalog, which Astakos never had. What the token itself is, oauth2/ tells.
Task<Response> AccountApi::endpoints_of(Request& request) {
  co_return fault_answer(Fault{FaultName::item_not_found, "No such token"}, request);
}

Task<Response> AccountApi::tenants(Request& request) {
  const auto token = token_of(request);
  if (!token) co_return fault_answer(token.error(), request);
  const auto user = co_await callers_.known(*token);
  if (!user) co_return fault_answer(fault_from(user.error(), request, log_, failure), request);
  json::Array rows;
  for (const auto& project : user->projects) {
    json::Object row;
    row.append("id", project.id.text());
    row.append("name", project.name);
    row.append("description", project.description);
    row.append("enabled", project.enabled);
    rows.emplace_back(std::move(row));
  }
  json::Object out;
  out.append("tenants", std::move(rows));
  out.append("tenants_links", json::Array());
  co_return json_answer(200, json::write(out));
}

}  // namespace nephele::identity::astakos
