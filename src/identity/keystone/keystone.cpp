// SPDX-License-Identifier: Apache-2.0
#include "identity/keystone/keystone.h"

#include "identity/keystone/catalog_api.h"
#include "identity/keystone/credential_api.h"
#include "identity/keystone/project_api.h"
#include "identity/keystone/role_api.h"
#include "identity/keystone/token_api.h"
#include "identity/keystone/user_api.h"

namespace nephele::identity::keystone {

class Keystone::Parts {
 public:
  Parts(Identity& identity, projects::Projects& projects, sql::Database& database, const Clock& clock)
      : tokens(identity, database, clock),
        desk{identity, database, tokens, clock, links},
        project_api(desk, projects) {}

  Links links;
  Tokens tokens;
  Desk desk;
  KeystoneFaults faults{links};
  TokenApi token_api{desk};
  UserApi user_api{desk};
  ProjectApi project_api;
  RoleApi role_api{desk};
  CatalogApi catalog_api{desk};
  CredentialApi credential_api{desk};
};

Keystone::Keystone(Identity& identity, projects::Projects& projects, sql::Database& database, const Clock& clock,
                   std::string public_url)
    : parts_(std::make_unique<Parts>(identity, projects, database, clock)) {
  set_public_url(std::move(public_url));
}
Keystone::~Keystone() = default;

void Keystone::set_public_url(std::string url) {
  parts_->links.set(std::move(url) + "/identity");
}

const http::Faults& Keystone::faults() const noexcept {
  return parts_->faults;
}

Tokens& Keystone::tokens() noexcept {
  return parts_->tokens;
}

void Keystone::add_to(http::Router& router) {
  router.add(parts_->token_api, TokenApi::routes());
  router.add(parts_->user_api, UserApi::routes());
  router.add(parts_->project_api, ProjectApi::routes());
  router.add(parts_->role_api, RoleApi::routes());
  router.add(parts_->catalog_api, CatalogApi::routes());
  router.add(parts_->credential_api, CredentialApi::routes());
}

}  // namespace nephele::identity::keystone
