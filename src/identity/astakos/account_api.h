// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "identity/astakos/conventions.h"
#include "identity/astakos/identity_callers.h"
#include "identity/keystone/tokens.h"
#include "identity/public_url.h"

/// The Astakos API about accounts and tokens (contract astakos, 6.1 to 6.3): over a router whose faults are
/// AstakosFaults for these paths.
namespace nephele::identity::astakos {

class AccountApi {
 public:
  /// Everything outlives the API.
  AccountApi(Identity& identity, sql::Database& database, IdentityCallers& callers, Components& components,
             keystone::Tokens& tokens, PublicUrl url, log::Logger log);
  static std::span<const http::Route<AccountApi>> routes();

 private:
  Task<http::Response> authenticate(http::Request& request);
  Task<http::Response> user_catalogs(http::Request& request);
  Task<http::Response> service_user_catalogs(http::Request& request);
  Task<http::Response> version(http::Request& request);
  Task<http::Response> issue(http::Request& request);
  Task<http::Response> endpoints_of(http::Request& request);
  Task<http::Response> tenants(http::Request& request);

  Task<Answer<json::Object>> catalogs_of(http::Request& request, bool null_is_all);
  Task<Answer<json::Value>> issued(const http::Request& request, json::Object body);
  Task<Answer<json::Value>> signed_in(const http::Request& request, json::Object auth, std::string user,
                                      Secret password);
  Task<Answer<json::Value>> access_for(const http::Request& request, KnownUser user, std::string token,
                                       std::string tenant);
  Task<Answer<json::Array>> service_catalog(const http::Request& request, std::string project, std::string user);

  Identity& identity_;
  sql::Database& database_;
  IdentityCallers& callers_;
  Components& components_;
  keystone::Tokens& tokens_;
  PublicUrl url_;
  log::Logger log_;
};

}  // namespace nephele::identity::astakos
