// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "clouds/azure/account.h"
#include "clouds/rest/oauth.h"

namespace nephele::azure {

/// An application's request for a token with its secret (client credentials; RFC 6749, 4.4), for Azure Resource
/// Manager.
class ClientGrant final : public rest::Grant {
 public:
  explicit ClientGrant(Account account) : account_(std::move(account)) {}
  Result<std::string> form(Time now) const override;
  std::vector<std::string> hidden() const override;

 private:
  const Account account_;
};

/// Where tokens of the account's tenant are given.
std::string token_url(const Account& account);

}  // namespace nephele::azure
