// SPDX-License-Identifier: Apache-2.0
#include "identity/keystone/credential_api.h"

#include <algorithm>
#include <array>

#include "identity/account_name.h"
#include "identity/directory/catalog_store.h"
#include "identity/keystone/fields.h"
#include "identity/keystone/listing.h"
#include "identity/keystone/records.h"
#include "identity/store.h"

namespace nephele::identity::keystone {

namespace {

using http::Access;
using http::Request;
using http::Response;
using http::Verb;
namespace names = directory::store;

constexpr std::size_t secret_bytes = 64;
constexpr std::size_t credentials_max = 1000;  // of one account

Result<> may_look(const Request& request, const Standing& caller) {
  if (request.parameters.at(0) != caller.token.account.id.text() && !caller.admin()) return not_admin();
  return {};
}

/// Who signed in by one sees those of its project, and removes no others. Keystone lets an unrestricted one remove all
/// of its owner's, wherever they are for.
bool hidden_from(const Standing& caller, const ApplicationCredential& credential) {
  return caller.bound() && !caller.admin() && credential.project != caller.project->id;
}

/// A restricted credential's token makes no credentials and removes none: what leaks must not outlive its removal.
Result<> may_manage(sql::Tx& tx, const Standing& caller) {
  const auto& id = caller.token.grant.credential;
  if (id.empty()) return {};
  const auto by = names::credential(tx, id);
  if (by && by->credential.unrestricted) return {};
  return fail(Kind::forbidden, "This application credential is restricted: it makes and removes none.");
}

Result<std::optional<Time>> expiry_in(const json::Object& body) {
  TRY(auto text, text_in(body, "expires_at"));
  if (text.empty()) return std::optional<Time>();
  const auto time = time_from(text);
  if (!time) return malformed("\"expires_at\" is a time such as 2026-12-31T23:59:59Z");
  return time;
}

/// The roles that are asked for by id or name, all of them the caller's own; none asked for are all.
Result<std::vector<Role>> roles_in(const json::Object& body, const Standing& caller) {
  const auto* value = body.find("roles");
  if (value == nullptr || value->is_null()) return caller.roles;
  if (value->if_array() == nullptr) return malformed("\"roles\" is a list");
  std::vector<Role> out;
  for (const auto& each : *value->if_array()) {
    const auto id = each.text_at({"id"}), name = each.text_at({"name"});
    const auto own = std::ranges::find_if(caller.roles, [&](const Role& role) {
      return (!id.empty() && role.id.text() == id) || (id.empty() && !name.empty() && role.name == name);
    });
    if (own == caller.roles.end())
      return fail(Kind::invalid, "Invalid application credential: a role that you do not have in this project.");
    out.push_back(*own);
  }
  return out.empty() ? caller.roles : out;
}

Result<ApplicationCredential> wanted_in(const json::Object& body, const Standing& caller, Time now) {
  ApplicationCredential out{.id = CredentialId(new_id()),
                            .account = caller.token.account.id,
                            .project = caller.project->id,
                            .name = {},
                            .description = {},
                            .roles = {},
                            .expires = {},
                            .created = now};
  TRY(out.name, text_in(body, "name"));
  TRY(out.description, text_in(body, "description"));
  TRY(const auto unrestricted, flag_in(body, "unrestricted"));
  out.unrestricted = unrestricted.value_or(false);
  TRY(out.expires, expiry_in(body));
  TRY(out.roles, roles_in(body, caller));
  TRY_VOID(check_label("application credential", out.name));
  TRY_VOID(check_text("description", out.description, 4096));
  if (out.expires && *out.expires <= now) return malformed("\"expires_at\" is over");
  return out;
}

}  // namespace

std::span<const http::Route<CredentialApi>> CredentialApi::routes() {
  using Api = CredentialApi;
  static constexpr std::array<http::Route<Api>, 4> table{{
      {Verb::get, "/identity/v3/users/{user}/application_credentials", Access::late, &Api::user<&Api::list>},
      {Verb::post, "/identity/v3/users/{user}/application_credentials", Access::late, &Api::user<&Api::create>,
       body_bytes_max},
      {Verb::get, "/identity/v3/users/{user}/application_credentials/{id}", Access::late, &Api::user<&Api::show>},
      {Verb::del, "/identity/v3/users/{user}/application_credentials/{id}", Access::late, &Api::user<&Api::remove>},
  }};
  return table;
}

Task<Result<Response>> CredentialApi::list(Request& request, Standing caller) {
  CO_TRY_VOID(may_look(request, caller));
  const AccountId owner(request.parameters.at(0));
  CO_TRY(const auto name, text_asked(request, "name"));
  CO_TRY(const auto rows, co_await desk_.database.read([&](sql::Tx& tx) -> Result<std::vector<ApplicationCredential>> {
    if (!store::key_of(tx, owner)) return no_such("user", owner.text());
    auto all = names::credentials_of(tx, owner, name);
    std::erase_if(all, [&](const auto& each) { return hidden_from(caller, each); });
    return all;
  }));
  co_return list_answer("application_credentials", rows, rows.size() + 1, request, desk_.links, credential_json);
}

Task<Result<Response>> CredentialApi::create(Request& request, Standing caller) {
  if (request.parameters.at(0) != caller.token.account.id.text()) co_return not_admin();
  if (!caller.project) co_return malformed("sign in for a project first: an application credential is for one project");
  CO_TRY_VOID(co_await desk_.database.read([&](sql::Tx& tx) { return may_manage(tx, caller); }));
  CO_TRY(const auto body, co_await given_in(request, "application_credential"));
  CO_TRY(auto credential, wanted_in(body, caller, desk_.clock.now()));
  CO_TRY(auto secret, text_in(body, "secret"));
  if (secret.empty()) secret = random_token(secret_bytes);
  CO_TRY(auto hash, co_await desk_.identity.hash_secret(Secret(secret)));
  const names::StoredCredential stored{.credential = std::move(credential), .secret_hash = std::move(hash)};
  CO_TRY_VOID(co_await desk_.database.write([&](sql::Tx& tx) -> Result<> {
    if (names::credentials_of(tx, stored.credential.account, "").size() >= credentials_max)
      return fail(Kind::forbidden, "You have 1000 application credentials; delete some first.");
    if (names::insert(tx, stored)) {
      note(tx, desk_, caller, "credential.created", stored.credential.id.text() + " " + stored.credential.name,
           stored.credential.account);
      return {};
    }
    return fail(Kind::conflict,
                "Conflict occurred attempting to store application_credential: you have one with the "
                "name " +
                    stored.credential.name + ".");
  }));
  auto out = credential_json(stored.credential, desk_.links);
  out.append("secret", secret);
  co_return answer(201, wrapped("application_credential", std::move(out)));
}

Task<Result<Response>> CredentialApi::show(Request& request, Standing caller) {
  CO_TRY_VOID(may_look(request, caller));
  const CredentialId id(request.parameters.at(1));
  CO_TRY(const auto found, co_await desk_.database.read([&](sql::Tx& tx) { return names::credential(tx, id); }));
  if (!found || found->credential.account.text() != request.parameters.at(0) || hidden_from(caller, found->credential))
    co_return no_such("application credential", id.text());
  co_return answer(200, wrapped("application_credential", credential_json(found->credential, desk_.links)));
}

Task<Result<Response>> CredentialApi::remove(Request& request, Standing caller) {
  CO_TRY_VOID(may_look(request, caller));
  const CredentialId id(request.parameters.at(1));
  CO_TRY_VOID(co_await desk_.database.write([&](sql::Tx& tx) -> Result<> {
    TRY_VOID(may_manage(tx, caller));
    const auto found = names::credential(tx, id);
    if (!found || found->credential.account.text() != request.parameters.at(0) ||
        hidden_from(caller, found->credential))
      return no_such("application credential", id.text());
    store::remove_tokens_by(tx, id);
    names::remove(tx, id);
    note(tx, desk_, caller, "credential.removed", id.text() + " " + found->credential.name, found->credential.account);
    return {};
  }));
  co_return http::empty_response(204);
}

}  // namespace nephele::identity::keystone
