// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "clouds/google/account.h"
#include "clouds/rest/oauth.h"

namespace nephele::google {

/// A service account's request for a token: a JWT that its key has signed (RS256; RFC 7523), good for ten minutes.
class ServiceAccountGrant final : public rest::Grant {
 public:
  explicit ServiceAccountGrant(Account account) : account_(std::move(account)) {}
  Result<std::string> form(Time now) const override;
  std::vector<std::string> hidden() const override;

 private:
  const Account account_;
};

/// Fails with `invalid` for what is no private RSA key in PEM.
Result<> check_private_key(const Secret& pem);

}  // namespace nephele::google
