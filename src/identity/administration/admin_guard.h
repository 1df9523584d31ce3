// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "identity/administration/ranks.h"
#include "identity/astakos/identity_callers.h"
#include "identity/pages/desk.h"

/// The door of everything below /admin (contract astakos, 13): pages and API ask it first.
namespace nephele::identity::administration {

struct Administrator {
  Account account;
  Powers powers = {};
  std::optional<pages::Visit> visit;  ///< absent: a program with a token
};

class AdminGuard {
 public:
  /// All outlive it. `groups`: those that let somebody in who is no administrator of the cloud.
  AdminGuard(pages::Desk& desk, astakos::IdentityCallers& callers, std::vector<std::string> groups);

  /// A token in X-Auth-Token, else the browser's session. Fails with `unauthorized` when there is neither, and with
  /// `forbidden` ("Forbidden") for everybody who is no administrator, and for every application credential.
  Task<Result<Administrator>> who(const http::Request& request);
  /// May what this request wants to change be changed? A browser shows that one of our pages sent it.
  bool trusted(const http::Request& request, const Administrator& who) const;

 private:
  Task<Result<Administrator>> by_token(Secret token);
  Task<Result<Administrator>> by_session(const http::Request& request);
  Result<Administrator> ranked(Administrator who, std::vector<std::string> groups) const;

  pages::Desk& desk_;
  astakos::IdentityCallers& callers_;
  std::vector<std::string> groups_;
};

}  // namespace nephele::identity::administration
