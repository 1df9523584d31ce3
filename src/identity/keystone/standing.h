// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "identity/identity.h"

namespace nephele::identity::keystone {

/// What a token says now: rights are looked up at each use, so that what was taken away holds at once.
struct Standing {
  Token token;
  Domain user_domain = {};
  std::optional<Project> project = {};  ///< of a project scope
  std::optional<Domain> domain = {};    ///< of a project's or domain scope
  std::vector<Role> roles = {};         ///< with what they imply; empty without a scope

  bool has_role(std::string_view name) const;
  /// Signed in by an application credential, which is for its project alone, wherever else its owner may go.
  bool bound() const { return !token.grant.credential.empty(); }
  /// May administer the whole cloud. An application credential has no more rights than its roles, whoever owns it.
  bool admin() const { return (token.account.admin && token.grant.credential.empty()) || has_role(admin_role); }
};

}  // namespace nephele::identity::keystone
