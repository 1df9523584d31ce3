// SPDX-License-Identifier: Apache-2.0
#include "identity/astakos/account_api.h"

#include <array>

#include "identity/astakos/user_catalogs.h"
#include "identity/keystone/fields.h"

namespace nephele::identity::astakos {

namespace {

using http::Access;
using http::Request;
using http::Response;
using http::Verb;

constexpr std::string_view failure = "astakos.failed";
constexpr std::size_t body_bytes_max = std::size_t{1024} * 1024;
constexpr std::size_t catalog_names_max = 10'000;

json::Value milliseconds(Time time) {
  return to_ms(time);
}

/// A list of texts; absent is empty, null is nothing at all.
Answer<std::optional<std::vector<std::string>>> names_in(const json::Object& body, const std::string& member) {
  const auto* value = body.find(member);
  if (value == nullptr) return std::optional(std::vector<std::string>());
  if (value->is_null()) return std::optional<std::vector<std::string>>();
  auto names = keystone::texts_in(body, member);
  if (!names) return refuse(FaultName::bad_request, names.error().sentence());
  if (names->value().size() > catalog_names_max)
    return refuse(FaultName::bad_request,
                  "\"" + member + "\" has too many names; ask for at most " + std::to_string(catalog_names_max));
  return std::move(**names);
}

}  // namespace

AccountApi::AccountApi(Identity& identity, sql::Database& database, IdentityCallers& callers, Components& components,
                       keystone::Tokens& tokens, PublicUrl url, log::Logger log)
    : identity_(identity),
      database_(database),
      callers_(callers),
      components_(components),
      tokens_(tokens),
      url_(std::move(url)),
      log_(std::move(log)) {}

std::span<const http::Route<AccountApi>> AccountApi::routes() {
  using Api = AccountApi;
  static constexpr auto table = slash_optional(std::array<http::Route<Api>, 9>{{
      {Verb::get, "/account/v1.0/authenticate/", Access::late, &Api::authenticate},
      {Verb::post, "/account/v1.0/user_catalogs/", Access::late, &Api::user_catalogs, body_bytes_max},
      {Verb::post, "/account/v1.0/service/user_catalogs/", Access::late, &Api::service_user_catalogs, body_bytes_max},
      {Verb::get, "/identity/v2.0/", Access::open, &Api::version},
      {Verb::post, "/identity/v2.0/tokens/", Access::late, &Api::issue, body_bytes_max},
      {Verb::post, "/identity/v2.0/tokens.json/", Access::late, &Api::issue, body_bytes_max},
      {Verb::post, "/identity/v2.0/tokens.xml/", Access::late, &Api::issue, body_bytes_max},
      {Verb::get, "/identity/v2.0/tokens/{secret:token}/endpoints/", Access::late, &Api::endpoints_of},
      {Verb::get, "/identity/v2.0/tenants/", Access::late, &Api::tenants},
  }});
  return table;
}

Task<Response> AccountApi::authenticate(Request& request) {
  const auto token = token_of(request);
  if (!token) co_return fault_answer(token.error(), request);
  const auto user = co_await callers_.known(*token);
  if (!user) co_return fault_answer(fault_from(user.error(), request, log_, failure), request);
  const auto& account = user->token.account;
  json::Object out;
  out.append("id", account.number);
  out.append("username", account.name);
  out.append("uuid", account.id.text());
  out.append("email", json::Array{account.email});
  out.append("name", full_name(account));
  json::Array groups;
  for (const auto& group : user->groups) groups.emplace_back(group);
  out.append("groups", std::move(groups));
  out.append("auth_token", token->reveal());
  out.append("auth_token_created", milliseconds(user->token.issued));
  out.append("auth_token_expires", milliseconds(user->token.expires));
  co_return json_answer(200, json::write(out));
}

Task<Answer<json::Object>> AccountApi::catalogs_of(Request& request, bool null_is_all) {
  CO_TRY(const auto body, co_await json_object_body(request, body_bytes_max));
  CO_TRY(const auto uuids, names_in(body, "uuids"));
  CO_TRY(const auto names, names_in(body, "displaynames"));
  auto found = co_await database_.read([&](sql::Tx& tx) {
    AllUsers all;
    if (null_is_all && (!uuids || !names)) all = all_users(tx);
    json::Object out;
    out.append("uuid_catalog", uuids ? names_of(tx, *uuids) : std::move(all.names));
    out.append("displayname_catalog", names ? uuids_of(tx, *names) : std::move(all.uuids));
    return out;
  });
  if (!found) co_return std::unexpected(fault_from(found.error(), request, log_, failure));
  co_return std::move(*found);
}

Task<Response> AccountApi::user_catalogs(Request& request) {
  const auto caller = co_await calling_user(request, callers_);
  if (!caller) co_return fault_answer(caller.error(), request);
  const auto found = co_await catalogs_of(request, false);
  co_return found ? json_answer(200, json::write(*found)) : fault_answer(found.error(), request);
}

Task<Response> AccountApi::service_user_catalogs(Request& request) {
  const auto caller = co_await calling_component(request, callers_);
  if (!caller) co_return fault_answer(caller.error(), request);
  const auto found = co_await catalogs_of(request, true);
  co_return found ? json_answer(200, json::write(*found)) : fault_answer(found.error(), request);
}

}  // namespace nephele::identity::astakos
