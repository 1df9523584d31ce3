// SPDX-License-Identifier: Apache-2.0
#include "identity/keystone/auth_request.h"

#include "identity/keystone/fields.h"
#include "identity/model.h"

namespace nephele::identity::keystone {

namespace {

Result<DomainRef> domain_in(const json::Object& from) {
  DomainRef domain;
  TRY(const auto* object, object_in(from, "domain"));
  if (object == nullptr) return domain;
  TRY(domain.id, text_in(*object, "id"));
  TRY(domain.name, text_in(*object, "name"));
  if (domain.empty()) return malformed("\"domain\" needs an \"id\" or a \"name\"");
  return domain;
}

/// `what` is "user" or "project".
Result<NamedRef> named_in(const json::Object& from, const std::string& what) {
  NamedRef ref;
  TRY(ref.id, text_in(from, "id"));
  TRY(ref.name, text_in(from, "name"));
  TRY(ref.domain, domain_in(from));
  if (ref.id.empty() && ref.name.empty()) return malformed("\"" + what + "\" needs an \"id\" or a \"name\"");
  if (ref.domain.empty()) ref.domain.id = std::string(default_domain);
  return ref;
}

Result<Method> password_method(const json::Object& identity) {
  PasswordMethod method;
  TRY(const auto* password, object_in(identity, "password"));
  if (password == nullptr) return malformed("the method \"password\" needs an object \"password\"");
  TRY(const auto* user, object_in(*password, "user"));
  if (user == nullptr) return malformed("\"password\" needs a \"user\"");
  TRY(method.user, named_in(*user, "user"));
  TRY(auto text, text_in(*user, "password"));
  method.password = Secret(std::move(text));
  return method;
}

Result<Method> token_method(const json::Object& identity) {
  TRY(const auto* token, object_in(identity, "token"));
  if (token == nullptr) return malformed("the method \"token\" needs an object \"token\"");
  TRY(auto id, text_in(*token, "id"));
  if (id.empty()) return malformed("\"token\" needs an \"id\"");
  return TokenMethod{.token = Secret(std::move(id))};
}

Result<Method> credential_method(const json::Object& identity) {
  TRY(const auto* given, object_in(identity, "application_credential"));
  if (given == nullptr) return malformed("the method needs an object \"application_credential\"");
  CredentialMethod method;
  TRY(method.id, text_in(*given, "id"));
  TRY(method.name, text_in(*given, "name"));
  TRY(auto secret, text_in(*given, "secret"));
  method.secret = Secret(std::move(secret));
  if (!method.id.empty()) return method;
  TRY(const auto* user, object_in(*given, "user"));
  if (method.name.empty() || user == nullptr)
    return malformed("\"application_credential\" needs an \"id\", or a \"name\" and a \"user\"");
  TRY(method.user, named_in(*user, "user"));
  return method;
}

Result<Method> method_in(const json::Object& auth) {
  TRY(const auto* identity, object_in(auth, "identity"));
  if (identity == nullptr) return malformed("\"auth\" needs an \"identity\"");
  const auto* methods = identity->find("methods");
  const auto* names = methods == nullptr ? nullptr : methods->if_array();
  if (names == nullptr || names->empty()) return malformed("\"identity\" needs \"methods\", a list");
  if (names->size() != 1) return malformed("one method at a time is understood");
  const auto* name = names->front().if_string();
  if (name != nullptr && *name == "password") return password_method(*identity);
  if (name != nullptr && *name == "token") return token_method(*identity);
  if (name != nullptr && *name == "application_credential") return credential_method(*identity);
  return malformed("the methods are password, token and application_credential");
}

Result<WantedScope> scope_in(const json::Object& auth) {
  const auto* value = auth.find("scope");
  if (value == nullptr || value->is_null()) return WantedScope();
  if (const auto* text = value->if_string(); text != nullptr && *text == "unscoped") return Unscoped{};
  const auto* scope = value->if_object();
  if (scope == nullptr) return malformed("\"scope\" is an object, or the text \"unscoped\"");
  if (scope->contains("unscoped")) return Unscoped{};
  TRY(const auto* project, object_in(*scope, "project"));
  TRY(const auto* system, object_in(*scope, "system"));
  const bool domain = scope->contains("domain");
  if ((project != nullptr ? 1 : 0) + (system != nullptr ? 1 : 0) + (domain ? 1 : 0) != 1)
    return malformed("\"scope\" names one of \"project\", \"domain\" and \"system\"");
  if (project != nullptr) {
    TRY(auto ref, named_in(*project, "project"));
    return ProjectScope{std::move(ref)};
  }
  if (domain) {
    TRY(auto ref, domain_in(*scope));
    return DomainScope{std::move(ref)};
  }
  const auto* all = system->find("all");
  if (all == nullptr || all->if_bool() == nullptr || !*all->if_bool())
    return malformed("\"system\" is {\"all\": true}");
  return SystemScope{};
}

}  // namespace

Result<AuthRequest> parse_auth_request(std::string_view body) {
  TRY(const auto auth, wrapped_in(body, "auth"));
  TRY(auto method, method_in(auth));
  TRY(auto scope, scope_in(auth));
  return AuthRequest{.method = std::move(method), .scope = std::move(scope)};
}

}  // namespace nephele::identity::keystone
