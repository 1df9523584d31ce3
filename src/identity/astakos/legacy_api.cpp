// SPDX-License-Identifier: Apache-2.0
#include "identity/astakos/legacy_api.h"

#include <algorithm>
#include <array>

#include "identity/account_name.h"
#include "identity/administration/store.h"
#include "identity/directory/store.h"
#include "identity/store.h"

namespace nephele::identity::astakos {

namespace {

constexpr std::string_view failure = "astakos.legacy.failed";

using http::Access;
using http::Request;
using http::Response;
using http::Verb;

json::Array names(const std::vector<std::string>& all) {
  json::Array out;
  for (const auto& name : all) out.emplace_back(name);
  return out;
}

json::Value milliseconds(const std::optional<Time>& time) {
  return time ? json::Value(to_ms(*time)) : json::Value();
}

json::Object user_json(sql::Tx& tx, const Account& account) {
  std::vector<std::string> groups;
  for (const auto& group : directory::store::groups_of(tx, account.id)) groups.push_back(group.name);
  const auto extras = administration::store::extras(tx, account.id);
  json::Object out;
  out.append("id", account.number);
  out.append("username", account.name);
  out.append("name", full_name(account));
  out.append("email", json::Array{account.email});
  out.append("groups", names(groups));
  out.append("user_permissions", names(extras.permissions));
  out.append("enabled", account.enabled);
  out.append("has_credits", false);
  out.append("auth_token_created", nullptr);  // a user has several, and none is kept
  out.append("auth_token_expires", milliseconds(extras.token_expires));
  return out;
}

}  // namespace

LegacyApi::LegacyApi(sql::Database& database, IdentityCallers& callers, log::Logger log)
    : database_(database), callers_(callers), log_(std::move(log)) {}

std::span<const http::Route<LegacyApi>> LegacyApi::routes() {
  using Api = LegacyApi;
  static constexpr auto table = slash_optional(std::array<http::Route<Api>, 5>{{
      {Verb::get, "/im/authenticate/", Access::late, &Api::authenticate},
      {Verb::get, "/im/admin/api/v2.0/users/", Access::late, &Api::user_asked},
      {Verb::get, "/im/admin/api/v2.0/users/{name}/", Access::late, &Api::user_named},
      {Verb::get, "/im/service/api/v2.0/users/", Access::late, &Api::user_for_service},
      {Verb::post, "/im/service/api/v2.0/users/", Access::late, &Api::user_for_service},
  }});
  return table;
}

Task<Response> LegacyApi::authenticate(Request& request) {
  const auto token = token_of(request);
  if (!token) co_return fault_answer(token.error(), request);
  const auto user = co_await callers_.known(*token);  // who has not agreed to the terms is refused there
  if (!user) co_return fault_answer(fault_from(user.error(), request, log_, failure), request);
  const auto& account = user->token.account;
  json::Object out;
  out.append("username", account.name);
  out.append("uniq", account.email);
  out.append("auth_token", token->reveal());
  out.append("auth_token_created", http_date(user->token.issued));
  out.append("auth_token_expires", http_date(user->token.expires));
  out.append("has_credits", false);
  out.append("has_signed_terms", true);
  out.append("groups", names(user->groups));
  co_return json_answer(200, json::write(out));
}

Task<Answer<std::string>> LegacyApi::may_ask(const Request& request) {
  CO_TRY(auto token, token_of(request));
  const auto user = co_await callers_.known(std::move(token));
  if (!user) co_return std::unexpected(fault_from(user.error(), request, log_, failure));
  const AccountId id = user->token.account.id;
  if (user->administrator()) co_return id.text();
  if (!user->himself()) co_return refuse(FaultName::forbidden, "An application credential may not ask this");
  const auto extras = co_await database_.read([&](sql::Tx& tx) { return administration::store::extras(tx, id); });
  if (!extras) co_return std::unexpected(fault_from(extras.error(), request, log_, failure));
  if (std::ranges::find(extras->permissions, userinfo_permission) == extras->permissions.end())
    co_return refuse(FaultName::forbidden, "You have not the permission " + std::string(userinfo_permission));
  co_return id.text();
}

/// By e-mail address or by the name that is typed at sign-in, which mostly are the same.
Task<Response> LegacyApi::user_info(Request& request, std::string name) {
  if (!name_key(name)) co_return fault_answer(Fault{FaultName::bad_request, "name is missing, or no name"}, request);
  const auto found = co_await database_.read([&](sql::Tx& tx) -> std::optional<json::Object> {
    const auto account = store::meant(tx, name);
    if (!account) return std::nullopt;
    return user_json(tx, *account);
  });
  if (!found) co_return fault_answer(fault_from(found.error(), request, log_, failure), request);
  if (!*found) co_return fault_answer(Fault{FaultName::item_not_found, "No user has this name"}, request);
  co_return json_answer(200, json::write(**found));
}

Task<Response> LegacyApi::user_asked(Request& request) {
  const auto caller = co_await may_ask(request);
  if (!caller) co_return fault_answer(caller.error(), request);
  co_return co_await user_info(request, request.query_value("name").value_or(""));
}

Task<Response> LegacyApi::user_named(Request& request) {
  const auto caller = co_await may_ask(request);
  if (!caller) co_return fault_answer(caller.error(), request);
  co_return co_await user_info(request, request.parameters.at(0));
}

Task<Response> LegacyApi::user_for_service(Request& request) {
  const auto caller = co_await calling_component(request, callers_);
  if (!caller) co_return fault_answer(caller.error(), request);
  co_return co_await user_info(request, request.query_value("name").value_or(""));
}

}  // namespace nephele::identity::astakos
