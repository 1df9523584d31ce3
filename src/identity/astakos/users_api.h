// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "identity/administration/precedence.h"
#include "identity/astakos/conventions.h"
#include "identity/astakos/identity_callers.h"
#include "identity/life/life.h"

namespace nephele::identity::projects {
class Projects;
}

/// Users as programs administer them (contract astakos, 6.6): for members of some groups, where a setting allows it at
/// all. The router has these routes only then.
namespace nephele::identity::astakos {

class UsersApi {
 public:
  /// All outlive it. `groups`: of which one must have the caller; an administrator of the cloud needs none.
  UsersApi(Identity& identity, life::AccountLife& life, projects::Projects& projects, sql::Database& database,
           IdentityCallers& callers, const administration::Precedence& precedence, std::vector<std::string> groups,
           log::Logger log);
  static std::span<const http::Route<UsersApi>> routes();

 private:
  using Handler = Task<Answer<json::Value>> (UsersApi::*)(http::Request&, std::string actor);
  template <Handler handler>
  Task<http::Response> guarded(http::Request& request);

  Task<http::Response> list(http::Request& request);
  Task<Answer<json::Value>> create(http::Request& request, std::string actor);
  Task<Answer<json::Value>> show(http::Request& request, std::string actor);
  Task<Answer<json::Value>> change(http::Request& request, std::string actor);
  Task<Answer<json::Value>> act(http::Request& request, std::string actor);

  /// Nobody's account is changed by who may less.
  Task<Answer<json::Object>> done(const http::Request& request, AccountId user, std::string action, json::Value how,
                                  std::string actor);
  Task<Answer<json::Object>> shown(const http::Request& request, AccountId user);

  Identity& identity_;
  life::AccountLife& life_;
  projects::Projects& projects_;
  sql::Database& database_;
  IdentityCallers& callers_;
  const administration::Precedence& precedence_;
  std::vector<std::string> groups_;
  log::Logger log_;
};

}  // namespace nephele::identity::astakos
