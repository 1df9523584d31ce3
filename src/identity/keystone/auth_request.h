// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/json.h"
#include "base/result.h"
#include "base/secret.h"

/// The body of POST /v3/auth/tokens, as clients write it. Pure.
namespace nephele::identity::keystone {

/// By id, or by name within a domain.
struct DomainRef {
  std::string id, name;
  bool empty() const noexcept { return id.empty() && name.empty(); }
};
struct NamedRef {
  std::string id, name;
  DomainRef domain;
};

struct PasswordMethod {
  NamedRef user;
  Secret password;
};
struct TokenMethod {
  Secret token;
};
struct CredentialMethod {
  std::string id, name;
  NamedRef user;  ///< whose, when it is given by name
  Secret secret;
};
using Method = std::variant<PasswordMethod, TokenMethod, CredentialMethod>;

struct SystemScope {};
struct Unscoped {};
struct ProjectScope {
  NamedRef project;
};
struct DomainScope {
  DomainRef domain;
};
/// Nothing: the user's default project, if he has one.
using WantedScope = std::variant<std::monostate, Unscoped, ProjectScope, DomainScope, SystemScope>;

struct AuthRequest {
  Method method;
  WantedScope scope;
};

/// Fails with `invalid`; no value of the body stands in the sentence. A project without a domain is looked for in the
/// default one.
Result<AuthRequest> parse_auth_request(std::string_view body);

}  // namespace nephele::identity::keystone
