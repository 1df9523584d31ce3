// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/settings/tree.h"
#include "identity/life/rules.h"
#include "identity/model.h"

/// Who may do what in the administrators' part of the web (contract astakos, 13). Pure rules.
namespace nephele::identity::administration {

/// Each may do what those before it may.
enum class Rank : std::uint8_t { none, reader, helpdesk, admin };

/// An administrator of the cloud is one here; others by the group that gives most, of those that are `permitted`.
Rank rank_of(const Account& account, std::span<const std::string> groups, std::span<const std::string> permitted);

enum class UserAction : std::uint8_t {
  activate,
  deactivate,
  accept,
  reject,
  verify,
  resend_verification,
  set_email,
  release_shibboleth,
  enable_local,
  contact,
  modify_email
};
std::optional<UserAction> user_action_from(std::string_view op) noexcept;
std::string_view to_string(UserAction action) noexcept;
std::vector<UserAction> all_user_actions();
Rank needed(UserAction action) noexcept;

enum class ProjectAction : std::uint8_t { approve, deny, suspend, unsuspend, terminate, reinstate, contact };
std::optional<ProjectAction> project_action_from(std::string_view op) noexcept;
std::string_view to_string(ProjectAction action) noexcept;
std::vector<ProjectAction> all_project_actions();

/// What somebody is here by.
struct Powers {
  bool marked = false;  ///< an administrator of the cloud: may do everything
  Rank rank = Rank::none;
  std::vector<std::string> groups = {};
};
/// ADMIN_RBAC, as far as it is about users and projects: the groups that may do something, in place of the usual ones.
struct Overrides {
  std::map<UserAction, std::vector<std::string>> users = {};
  std::map<ProjectAction, std::vector<std::string>> projects = {};
};
/// `{"user": {"activate": ["admin"]}}`; fails with file and line for what is no such dict.
Result<Overrides> overrides_from(const settings::Node& rbac);
bool may(UserAction action, const Powers& powers, const Overrides& overrides);
bool may(ProjectAction action, const Powers& powers, const Overrides& overrides);
/// `ways`: modules by which the account's owner signs in.
bool applies(UserAction action, const life::Life& life, std::span<const std::string> ways);
/// The names of those that he may do to such an account.
std::vector<std::string> offered(const Powers& powers, const Overrides& overrides, const life::Life& life,
                                 std::span<const std::string> ways);

}  // namespace nephele::identity::administration
