// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/astakos/callers.h"
#include "identity/astakos/components.h"
#include "identity/identity.h"

namespace nephele::identity::astakos {

/// Who a user's token stands for, as the Astakos API tells it.
struct KnownUser {
  Token token;
  std::vector<Project> projects;  ///< in which he has a role, enabled ones
  std::vector<std::string> groups;

  /// An application credential has the rights of its roles in one project and no others: neither its owner's mark nor
  /// his groups are its own.
  bool himself() const { return token.grant.credential.empty(); }
  bool reaches(const ProjectId& project) const {
    const auto& scope = token.grant.scope;
    return himself() || (scope && scope->kind == TargetKind::project && scope->id == project.text());
  }
  /// An administrator of the cloud by his mark.
  bool administrator() const { return himself() && token.account.admin; }
};

/// Tokens of accounts and of components. A token of an account that has not agreed to the present terms of use is
/// refused: "Pending approval terms".
class IdentityCallers final : public Callers {
 public:
  /// All outlive it.
  IdentityCallers(Identity& identity, Components& components, sql::Database& database);

  Task<Result<CallingUser>> user(Secret token) override;
  Task<Result<CallingComponent>> component(Secret token) override;
  Task<Result<KnownUser>> known(Secret token);

 private:
  Identity& identity_;
  Components& components_;
  sql::Database& database_;
};

}  // namespace nephele::identity::astakos
