// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/settings/tree.h"

/// What may be done with a way to sign in (contract astakos, 5.6). Pure rules: defaults, settings, profiles.
namespace nephele::identity::ways {

struct Policies {
  bool login = true;
  bool create = true;
  bool add = true;
  bool remove = true;
  std::int64_t limit = 1;  ///< ways of this module per account
  bool replace = true;     ///< the setting's SWITCH
  bool required = false;
  bool autoverify = false;
  bool automoderate = false;
  std::vector<std::string> add_groups = {};
  std::vector<std::string> creation_groups = {};
  bool mirror_groups = false;
};

/// What a stored profile may say; what is absent changes nothing.
struct Overrides {
  std::optional<bool> login = {}, create = {}, add = {}, remove = {};
  std::optional<std::int64_t> limit = {};
  std::optional<bool> required = {}, automoderate = {};
};

/// A named set of exceptions for some users and groups.
struct Profile {
  std::int64_t number = 0;
  std::string name = {};
  std::string provider = {};  ///< a module
  bool exclusive = false;     ///< holds for all modules but this one
  std::int64_t priority = 1;  ///< the higher one wins
  bool active = true;
  Overrides overrides = {};

  bool holds_for(std::string_view module) const noexcept;
};

/// The same words for all modules, unless a setting ASTAKOS_AUTH_PROVIDER_<MODULE>_<NAME> says something else.
enum class Words : std::uint8_t { title, add_prompt, required, disabled_for_create, cannot_login, still_signed_in };

class PolicyBook {
 public:
  PolicyBook() = default;
  /// `modules`: ASTAKOS_IM_MODULES. `policies` and `messages`: the settings that are made of parts. `moderated`: new
  /// accounts wait for an administrator. Fails with `invalid` for a value that is no policy's.
  static Result<PolicyBook> of(std::vector<std::string> modules, const std::map<std::string, settings::Node>& policies,
                               std::map<std::string, std::string> messages, bool moderated);

  const std::vector<std::string>& modules() const noexcept { return modules_; }
  bool offers(std::string_view module) const noexcept;
  /// By the settings, then the profiles in the order given: of the user, then of his groups, each by priority.
  Policies policies(std::string_view module, std::span<const Profile> profiles = {}) const;
  /// A setting makes some way required; without one only profiles can.
  bool requires_any() const;

  /// "{title}" in the text is the module's.
  std::string words(std::string_view module, Words which) const;
  std::string title(std::string_view module) const { return words(module, Words::title); }

 private:
  std::vector<std::string> modules_{"local"};
  std::map<std::string, Policies, std::less<>> by_module_;
  std::map<std::string, std::string> messages_;
};

}  // namespace nephele::identity::ways
