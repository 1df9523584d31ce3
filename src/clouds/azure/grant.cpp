// SPDX-License-Identifier: Apache-2.0
#include "clouds/azure/grant.h"

namespace nephele::azure {

Result<std::string> ClientGrant::form(Time /*now*/) const {
  return "grant_type=client_credentials&client_id=" + http::percent_encode(account_.client_id) +
         "&client_secret=" + http::percent_encode(account_.client_secret.reveal()) +
         "&scope=" + http::percent_encode(account_.url + "/.default");
}

std::vector<std::string> ClientGrant::hidden() const {
  return {account_.client_secret.reveal(), http::percent_encode(account_.client_secret.reveal())};
}

std::string token_url(const Account& account) {
  return account.login_url + "/" + http::percent_encode(account.tenant) + "/oauth2/v2.0/token";
}

}  // namespace nephele::azure
