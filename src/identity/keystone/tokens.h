// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "identity/identity.h"
#include "identity/keystone/auth_request.h"
#include "identity/keystone/seen_tokens.h"

/// Tokens as the OpenStack Identity API v3 has them: who, for what, with which roles.
namespace nephele::identity::keystone {

struct Issued {
  Secret token;
  Standing standing;
};

class Tokens {
 public:
  /// All outlive it.
  Tokens(Identity& identity, sql::Database& database, const Clock& clock);

  /// Fails with `unauthorized` (whatever was wrong), `busy` as Identity::authenticate, `forbidden` for what a token
  /// made from an application credential may not do.
  Task<Result<Issued>> issue(AuthRequest request, std::string remote);
  /// Rights are looked up at each use, so that what was taken away anywhere holds at once; one point read tells that
  /// nothing has changed since the last time. Fails with `unauthorized`.
  Task<Result<std::shared_ptr<const Seen>>> seen(Secret token);
  Task<Result<Standing>> standing(Secret token);
  Task<Result<>> revoke(Standing standing);

 private:
  struct SignedIn {
    Account account;
    Grant grant;
    bool scope_fixed = false;  ///< by the application credential
    StillHolds holds = {};
  };
  Task<Result<Issued>> issue_once(AuthRequest request, std::string remote);
  static SignedIn by_password(Account account);
  Task<Result<SignedIn>> sign_in(PasswordMethod method, std::string remote);
  Task<Result<SignedIn>> sign_in(TokenMethod method);
  Task<Result<SignedIn>> sign_in(CredentialMethod method, std::string remote);
  Task<Result<DomainId>> domain_of(DomainRef ref);
  Task<Result<std::optional<Target>>> target_of(WantedScope wanted, Account account);

  Identity& identity_;
  sql::Database& database_;
  const Clock& clock_;
  SeenTokens seen_;
};

}  // namespace nephele::identity::keystone
