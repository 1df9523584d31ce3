// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "identity/astakos/conventions.h"
#include "identity/astakos/identity_callers.h"

/// What programs of Synnefo's first years ask below /im (contract astakos, 6.2).
namespace nephele::identity::astakos {

/// Who may ask who others are.
inline constexpr std::string_view userinfo_permission = "im.can_access_userinfo";

class LegacyApi {
 public:
  /// All outlive it.
  LegacyApi(sql::Database& database, IdentityCallers& callers, log::Logger log);
  static std::span<const http::Route<LegacyApi>> routes();

 private:
  Task<http::Response> authenticate(http::Request& request);
  Task<http::Response> user_asked(http::Request& request);
  Task<http::Response> user_named(http::Request& request);
  Task<http::Response> user_for_service(http::Request& request);

  Task<Answer<std::string>> may_ask(const http::Request& request);
  Task<http::Response> user_info(http::Request& request, std::string name);

  sql::Database& database_;
  IdentityCallers& callers_;
  log::Logger log_;
};

}  // namespace nephele::identity::astakos
