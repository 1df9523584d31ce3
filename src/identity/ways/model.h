// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "identity/model.h"

/// The ways an account has to sign in (contract astakos, 2 and 5).
namespace nephele::identity::ways {

using WayId = Id<struct WayTag>;

/// The module of accounts with a password of ours; its way has no identifier.
inline constexpr std::string_view local = "local";

struct Way {
  WayId id;
  AccountId account;
  std::string module;            ///< "local", "ldap", "shibboleth"
  std::string identifier = {};   ///< what the module knows the user by; no other account has it there
  std::string affiliation = {};  ///< of people, for people
  bool active = true;
  json::Object info = {};  ///< what the module said, for administrators
  Time created;
  std::optional<Time> last_login = {};
};

/// Who somebody is by the word of a module, which has proved it.
struct Proof {
  std::string module;
  std::string identifier = {};
  std::string earlier_identifier = {};  ///< he may be known by this one still; then he is known by the new one from now
  std::string affiliation = {};
  std::string email = {}, first_name = {}, last_name = {};
  std::set<std::string> forced = {};  ///< which of these three are the module's to say, not the user's
  json::Object info = {};
  std::vector<std::string> groups = {};  ///< names; his groups become these where the policy mirror_groups says so
};

/// A sign-up that was begun by a Proof and waits for the form to be filled in.
struct Pending {
  Proof proof;
  Time created;
  Time expires;
};

}  // namespace nephele::identity::ways
