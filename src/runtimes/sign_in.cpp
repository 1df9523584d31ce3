// SPDX-License-Identifier: Apache-2.0
#include "runtimes/sign_in.h"

#include <utility>

namespace nephele::runtimes {

Task<Result<Caller>> IdentitySignIn::sign_in(http::Basic credentials, std::string remote, std::string request_id) {
  CO_TRY(const auto account,
         co_await identity_.authenticate(credentials.user, credentials.password, std::move(remote)));
  co_return Caller{.account = account.id.text(),
                   .admin = account.admin,
                   .user = std::move(credentials.user),
                   .password = std::move(credentials.password),
                   .request_id = std::move(request_id),
                   .version = account.version};
}

Task<Result<bool>> IdentitySignIn::still_holds(const Caller& caller) {
  const auto account = co_await identity_.find(identity::AccountId(caller.account));
  if (!account && account.error().kind() == Kind::not_found) co_return false;
  if (!account) co_return fail(account.error());
  co_return account->enabled && account->version == caller.version;
}

Task<Result<Caller>> PassThroughSignIn::sign_in(http::Basic credentials, std::string, std::string request_id) {
  co_return Caller{.account = credentials.user,
                   .admin = false,
                   .user = credentials.user,
                   .password = std::move(credentials.password),
                   .request_id = std::move(request_id)};
}

}  // namespace nephele::runtimes
