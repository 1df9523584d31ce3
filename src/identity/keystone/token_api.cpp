// SPDX-License-Identifier: Apache-2.0
#include "identity/keystone/token_api.h"

#include <array>

#include "identity/directory/store.h"
#include "identity/keystone/fields.h"
#include "identity/keystone/render.h"

namespace nephele::identity::keystone {

namespace {

using http::Access;
using http::Request;
using http::Response;
using http::Verb;

json::Object version_json(const Links& links) {
  json::Object self;
  self.append("rel", "self");
  self.append("href", links.v3("/"));
  json::Object media;
  media.append("base", "application/json");
  media.append("type", "application/vnd.openstack.identity-v3+json");
  json::Object out;
  out.append("id", "v3.14");
  out.append("status", "stable");
  out.append("updated", "2020-04-07T00:00:00Z");
  out.append("links", json::Array{std::move(self)});
  out.append("media-types", json::Array{std::move(media)});
  return out;
}

Response token_answer(int status, std::string body, std::string token) {
  auto response = answer(status, std::move(body));
  response.headers.add("X-Subject-Token", std::move(token));
  return response;
}

}  // namespace

std::span<const http::Route<TokenApi>> TokenApi::routes() {
  using Api = TokenApi;
  static constexpr std::array<http::Route<Api>, 13> table{{
      {Verb::get, "/identity", Access::open, &Api::versions},
      {Verb::get, "/identity/", Access::open, &Api::versions},
      {Verb::get, "/identity/v3", Access::open, &Api::version},
      {Verb::get, "/identity/v3/", Access::open, &Api::version},
      {Verb::post, "/identity/v3/auth/tokens", Access::late, &Api::issue, body_bytes_max},
      {Verb::get, "/identity/v3/auth/tokens", Access::late, &Api::show},
      {Verb::del, "/identity/v3/auth/tokens", Access::late, &Api::revoke},
      {Verb::get, "/identity/v3/auth/catalog", Access::late, &Api::user<&Api::catalog>},
      {Verb::get, "/identity/v3/auth/projects", Access::late, &Api::user<&Api::projects>},
      {Verb::get, "/identity/v3/auth/domains", Access::late, &Api::user<&Api::domains>},
      {Verb::get, "/identity/v3/auth/system", Access::late, &Api::user<&Api::systems>},
      {Verb::get, "/identity/v3/users/{user}/projects", Access::late, &Api::user<&Api::projects>},
      {Verb::get, "/identity/v3/OS-FEDERATION/projects", Access::late, &Api::user<&Api::projects>},
  }};
  return table;
}

Task<Response> TokenApi::versions(Request&) {
  json::Object values;
  values.append("values", json::Array{version_json(desk_.links)});
  co_return answer(300, wrapped("versions", std::move(values)));
}

Task<Response> TokenApi::version(Request&) {
  co_return answer(200, wrapped("version", version_json(desk_.links)));
}

Task<Response> TokenApi::issue(Request& request) {
  const auto refused = [&](const Error& error) { return fault(error, request, desk_.links); };
  auto body = co_await body_of(request);
  if (!body) co_return refused(body.error());
  auto wanted = parse_auth_request(*body);
  if (!wanted) co_return refused(wanted.error());
  auto issued = co_await desk_.tokens.issue(std::move(*wanted), request.remote);
  if (!issued) co_return refused(issued.error());
  const bool without = request.query_value("nocatalog").has_value();
  auto entries = co_await desk_.database.read([](sql::Tx& tx) { return keystone::catalog(tx); });
  if (!entries) co_return refused(entries.error());
  const auto said = wrapped("token", token_json(issued->standing, without ? nullptr : &*entries));
  co_return token_answer(201, json::write(said), issued->token.reveal());
}

Task<Result<TokenApi::Seen>> TokenApi::caller(const Request& request) {
  co_return co_await desk_.tokens.seen(Secret(std::string(request.headers.find("X-Auth-Token").value_or(""))));
}

/// One's own token, or an administrator's look at another's.
Task<Result<TokenApi::Seen>> TokenApi::subject(const Request& request, Seen caller) {
  const auto token = request.headers.find("X-Subject-Token").value_or("");
  if (token.empty()) co_return malformed("the header X-Subject-Token is missing");
  if (token == request.headers.find("X-Auth-Token").value_or("")) co_return caller;
  auto found = co_await desk_.tokens.seen(Secret(std::string(token)));
  if (!found && found.error().kind() == Kind::unauthorized) co_return fail(Kind::not_found, "Could not find token.");
  const auto& who = caller->standing;
  if (found && (*found)->standing.token.account.id != who.token.account.id && !who.admin()) co_return not_admin();
  co_return found;
}

Task<Response> TokenApi::show(Request& request) {
  auto found = co_await caller(request);
  if (found) found = co_await subject(request, std::move(*found));
  if (!found) co_return fault(found.error(), request, desk_.links);
  std::string token(request.headers.find("X-Subject-Token").value_or(""));
  if (!request.query_value("nocatalog")) co_return token_answer(200, (*found)->body, std::move(token));
  const auto said = wrapped("token", token_json((*found)->standing, nullptr));
  co_return token_answer(200, json::write(said), std::move(token));
}

Task<Response> TokenApi::revoke(Request& request) {
  auto found = co_await caller(request);
  if (found) found = co_await subject(request, std::move(*found));
  if (!found) co_return fault(found.error(), request, desk_.links);
  const auto done = co_await desk_.tokens.revoke((*found)->standing);
  if (!done) co_return fault(done.error(), request, desk_.links);
  co_return http::empty_response(204);
}

Task<Result<Response>> TokenApi::catalog(Request& request, Standing caller) {
  CO_TRY(const auto entries, co_await desk_.database.read([](sql::Tx& tx) { return keystone::catalog(tx); }));
  co_return page_answer("catalog", catalog_json(entries, caller), request, desk_.links);
}

Task<Result<Response>> TokenApi::projects(Request& request, Standing caller) {
  AccountId account = caller.token.account.id;
  if (!request.parameters.empty() && request.parameters[0] != account.text()) {
    if (!caller.admin()) co_return not_admin();
    account = AccountId(request.parameters[0]);
    CO_TRY_VOID(co_await desk_.identity.find(account));
  }
  std::vector<Project> projects;
  if (caller.bound() && (request.parameters.empty() || !caller.admin())) {
    projects.push_back(
        *caller.project);  // Keystone shows all of its owner's; no token for one of them is to be had by it
  } else {
    CO_TRY(projects,
           co_await desk_.database.read([&](sql::Tx& tx) { return directory::store::projects_of(tx, account); }));
  }
  json::Array rows;
  for (const auto& project : projects)
    if (project.enabled) rows.emplace_back(project_json(project, desk_.links));
  co_return page_answer("projects", std::move(rows), request, desk_.links);
}

Task<Result<Response>> TokenApi::domains(Request& request, Standing caller) {
  CO_TRY(const auto domains, co_await desk_.database.read([&](sql::Tx& tx) {
    if (caller.bound()) return std::vector<Domain>{};
    std::vector<Domain> all = directory::store::domains(tx, {.limit = 1000});
    std::erase_if(all, [&](const Domain& domain) {
      return !domain.enabled ||
             directory::store::effective_roles(tx, caller.token.account.id, {TargetKind::domain, domain.id.text()})
                 .empty();
    });
    return all;
  }));
  json::Array rows;
  for (const auto& domain : domains) rows.emplace_back(domain_json(domain, desk_.links));
  co_return page_answer("domains", std::move(rows), request, desk_.links);
}

Task<Result<Response>> TokenApi::systems(Request& request, Standing caller) {
  CO_TRY(const auto roles, co_await desk_.database.read([&](sql::Tx& tx) {
    if (caller.bound()) return std::vector<Role>{};
    return directory::store::effective_roles(tx, caller.token.account.id, {TargetKind::system, "all"});
  }));
  json::Array rows;
  if (!roles.empty()) {
    json::Object all;
    all.append("all", true);
    rows.emplace_back(std::move(all));
  }
  co_return page_answer("system", std::move(rows), request, desk_.links);
}

}  // namespace nephele::identity::keystone
