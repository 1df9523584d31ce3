// SPDX-License-Identifier: Apache-2.0
// TokenApi: no pages, no cookies.
#include <array>

#include "base/json.h"
#include "identity/astakos/conventions.h"
#include "identity/directory/store.h"
#include "identity/oauth2/pages.h"

namespace nephele::identity::oauth2 {

namespace {

using http::Access;
using http::Request;
using http::Response;
using http::Verb;

Response as_json(int status, const json::Object& body) {
  auto response = http::json_response(status, json::write(body));
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("Pragma", "no-cache");
  response.headers.set("X-Content-Type-Options", "nosniff");
  return response;
}

Response error_answer(int status, std::string_view word, std::string_view description) {
  json::Object body;
  body.append("error", word);
  body.append("error_description", description);
  return as_json(status, body);
}

}  // namespace

TokenApi::TokenApi(Server& server, sql::Database& database, log::Logger log)
    : server_(server),
      database_(database),
      log_(std::move(log)),
      path_(endpoint_path(server.settings(), server.settings().token_endpoint)),
      path_with_slash_(path_ + "/") {}

std::vector<http::Route<TokenApi>> TokenApi::routes() const {
  using A = TokenApi;
  return {
      {Verb::post, path_, Access::late, &A::exchange, pages::form_bytes_max},
      {Verb::post, path_with_slash_, Access::late, &A::exchange, pages::form_bytes_max},
      {Verb::get, "/identity/v2.0/tokens/{secret:token}", Access::late, &A::validate},
      {Verb::get, "/identity/v2.0/tokens/{secret:token}/", Access::late, &A::validate},
  };
}

Response TokenApi::refused(const Request& request, const Error& error) const {
  const std::string_view word = error.detail("oauth2");
  if (word == "invalid_client") {
    auto response = error_answer(401, word, error.sentence());
    response.headers.set("WWW-Authenticate", "Basic realm=\"oauth2\"");
    return response;
  }
  if (!word.empty()) return error_answer(400, word, error.sentence());
  if (error.kind() == Kind::busy) {
    auto response = error_answer(429, "temporarily_unavailable", error.sentence());
    response.headers.set("Retry-After", "1");
    return response;
  }
  log_.warn("oauth2.failed", {{"request", request.id}, {"reason", error.sentence()}});
  return error_answer(503, "temporarily_unavailable", "try again in a moment");
}

Task<Response> TokenApi::exchange(Request& request) {
  const auto form = co_await pages::form_of(request);
  if (!form) co_return error_answer(400, "invalid_request", "send a form: application/x-www-form-urlencoded");
  const auto value = [&](std::string_view name) {
    return form->has(name) ? std::optional(std::string(form->value(name))) : std::nullopt;
  };
  const auto kind = value("grant_type");
  if (!kind) co_return error_answer(400, "invalid_request", "grant_type is missing");
  if (*kind != "authorization_code") co_return error_answer(400, "unsupported_grant_type", "authorization_code is all");
  Exchange wish{.client = value("client_id").value_or(""),
                .code = value("code").value_or(""),
                .redirect_uri = value("redirect_uri"),
                .verifier = value("code_verifier").value_or(""),
                .remote = request.remote};
  const auto basic = http::basic_credentials(request.headers);
  if (const auto* given = std::get_if<http::Basic>(&basic)) {
    if (!wish.client.empty() && wish.client != given->user)
      co_return error_answer(400, "invalid_request", "two clients are named");
    wish.client = given->user;
    wish.secret = given->password;
  } else if (std::get<http::BasicProblem>(basic) != http::BasicProblem::absent) {
    co_return refused(request, Error(Kind::unauthorized, "send Authorization: Basic").with("oauth2", "invalid_client"));
  }
  auto access = co_await server_.exchange(std::move(wish));
  if (!access) co_return refused(request, access.error());
  json::Object body;
  body.append("access_token", access->token.reveal());
  body.append("token_type", "Bearer");
  body.append("expires_in", static_cast<std::int64_t>(access->life.count()));
  co_return as_json(200, body);
}

Task<Response> TokenApi::validate(Request& request) {
  using astakos::FaultName;
  const std::string text = request.parameters.at(0);
  auto found = co_await server_.look(text, request.query_value("belongsTo"));
  if (!found) co_return astakos::fault_answer(astakos::fault_from(found.error()), request);
  if (!*found) co_return astakos::fault_answer({FaultName::item_not_found, "No such token"}, request);
  const auto& account = (*found)->account;
  json::Array roles, projects;
  auto read = co_await database_.read([&](sql::Tx& tx) {
    roles.clear();
    projects.clear();
    for (const auto& group : directory::store::groups_of(tx, account.id)) {
      json::Object role;
      role.append("id", std::to_string(roles.size() + 1));
      role.append("name", group.name);
      roles.emplace_back(std::move(role));
    }
    for (const auto& project : directory::store::projects_of(tx, account.id))
      if (project.enabled) projects.emplace_back(project.id.text());
  });
  if (!read) co_return astakos::fault_answer(astakos::fault_from(read.error()), request);
  json::Object home, token, owner, access, out;
  home.append("id", account.default_project.empty() ? account.id.text() : account.default_project.text());
  home.append("name", called(account));
  token.append("id", text);
  token.append("expires", astakos::timestamp((*found)->token.expires));
  token.append("tenant", std::move(home));
  owner.append("id", account.id.text());
  owner.append("name", called(account));
  owner.append("roles", std::move(roles));
  owner.append("roles_links", json::Array());
  owner.append("projects", std::move(projects));
  access.append("token", std::move(token));
  access.append("user", std::move(owner));
  out.append("access", std::move(access));
  co_return astakos::json_answer(200, json::write(out));
}

}  // namespace nephele::identity::oauth2
