// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "identity/administration/ranks.h"
#include "identity/identity.h"
#include "sql/sql.h"

/// Whose account somebody may change: nobody's who may do something to users and projects that he may not himself. A
/// password, an address or a token of somebody is all his power.
namespace nephele::identity::administration {

/// By what settings let in who is no administrator of the cloud.
struct Offices {
  std::vector<std::string> groups = {};          ///< ADMIN_PERMITTED_GROUPS, where there is /admin
  Overrides overrides = {};                      ///< ADMIN_RBAC
  std::vector<std::string> api_groups = {};      ///< ASTAKOS_ADMIN_API_PERMITTED_GROUPS, where there is that API
  std::vector<std::string> project_admins = {};  ///< ASTAKOS_PROJECT_ADMINS: uuids
};

/// What somebody may do to others.
struct Deeds {
  bool look = false;
  std::set<UserAction> users = {};
  std::set<ProjectAction> projects = {};

  /// All of what `other` may do.
  bool cover(const Deeds& other) const;
};
Deeds deeds_of(const AccountId& account, std::vector<std::string> groups, const Offices& offices);

class Precedence {
 public:
  explicit Precedence(Offices offices) : offices_(std::move(offices)) {}

  /// May `who` change the account of `whom`? An administrator of the cloud, by his mark or by the role admin anywhere,
  /// may change everybody's, and his own only his like may. Fails with `forbidden`.
  Result<> check(sql::Tx& tx, const AccountId& who, const AccountId& whom) const;
  /// The same for whoever changes an account, in the transaction that does, and whether his office still lets him:
  /// `deed` of /admin, or what the API for users does. This outlives it.
  StillHolds holds(AccountId who, AccountId whom, std::optional<UserAction> deed = {}) const;

 private:
  Offices offices_;
};

}  // namespace nephele::identity::administration
