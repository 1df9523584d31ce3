// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "identity/life/rules.h"
#include "identity/ways/model.h"
#include "identity/ways/policies.h"

/// What follows when a module has proved who somebody is (contract astakos, 5.5). Pure rules.
namespace nephele::identity::ways {

/// Whose the identifier is already.
struct Holder {
  AccountId account;
  bool proved = false;  ///< his address is; who has not come that far gives way to who proves the identifier again
  life::State state = life::State::pending_verification;
};

/// All that the decision hangs on.
struct Arrival {
  std::string module = {};
  std::optional<AccountId> visitor = {};  ///< who is signed in
  std::optional<Holder> holder = {};
  std::vector<Way> ways = {};          ///< the visitor's
  Policies policies = {};              ///< of the holder, else of the visitor, else those of everybody
  std::optional<WayId> replaces = {};  ///< the way that is to give place to this one
  bool only_known = false;             ///< another way is on its way to be added: nobody signs up in between
};

enum class Step : std::uint8_t { already, add, replace, let_in, sign_up };

/// Fails with `conflict` (the identifier is another account's), `forbidden` (a policy, or the account's state: the
/// detail "state" is there then), `not_found` (nobody has it, and a sign-up is not wanted), `invalid`.
Result<Step> next_step(const Arrival& arrival, const PolicyBook& book);

/// May the visitor have one more of this module? Fails with `forbidden`.
Result<> may_add(const std::string& module, const std::vector<Way>& ways, const Policies& policies,
                 const PolicyBook& book);
/// Is there one among these by which somebody can sign in: active, and of a module that there is?
bool any_usable(const std::vector<Way>& ways, const PolicyBook& book);
/// May this way go? Fails with `forbidden`: by policy, or because it is the last one that can be used.
Result<> may_remove(const Way& way, const std::vector<Way>& ways, const Policies& policies, const PolicyBook& book);

}  // namespace nephele::identity::ways
