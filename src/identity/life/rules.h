// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

/// How an account comes to life: signed up, its address proved, judged, active (contract astakos, 3). Pure rules.
namespace nephele::identity::life {

struct Life {
  bool active = false;
  bool email_verified = false;
  std::optional<Time> verified = {};
  std::optional<Time> activation_sent = {};
  std::optional<Time> approved = {};  ///< an administrator sent the activation mail: following its link is enough
  bool moderated = false;             ///< judged: accepted or rejected
  std::optional<Time> moderated_at = {};
  bool rejected = false;
  std::string rejected_reason = {};
  std::string accepted_policy = {};  ///< why it was accepted: "manual", "email", "auto_moderation", ...
  std::string accepted_email = {};   ///< the address at the first acceptance
  std::string deactivated_reason = {};
  std::optional<Time> deactivated = {};
  std::int64_t terms = 0;  ///< id of the terms of use that were agreed to last; 0: none
  std::optional<Time> terms_at = {};

  bool accepted() const noexcept { return moderated && !rejected; }
};

enum class State : std::uint8_t { pending_verification, pending_moderation, rejected, active, inactive };
State state_of(const Life& life) noexcept;
/// As lists and the profile show it: "Accepted/Active (manually accepted)".
std::string status_text(const Life& life);
/// What somebody hears who signs in with the right password and may not come in.
std::string_view refusal_text(State state) noexcept;

/// Each fails with `conflict` and the contract's sentence.
Result<> may_verify(const Life& life);
Result<> may_accept(const Life& life);
Result<> may_reject(const Life& life);
Result<> may_activate(const Life& life);
Result<> may_deactivate(const Life& life);

/// All presume that they may.
void verify(Life& life, Time now);
void accept(Life& life, std::string policy, const std::string& email, Time now);
void reject(Life& life, std::string reason, Time now);
void activate(Life& life);
void deactivate(Life& life, std::string reason, Time now);

struct ModerationPolicy {
  bool enabled = true;                           ///< ASTAKOS_MODERATION_ENABLED
  std::vector<std::string> email_patterns = {};  ///< ASTAKOS_RE_USER_EMAIL_PATTERNS: each must match the whole address
  bool sending_is_approval = true;               ///< what an administrator sends is his approval (decision C3)
};
/// Fails with `invalid` and the pattern's number when one is no regular expression (ECMAScript).
Result<> check(const ModerationPolicy& policy);
/// The policy by which an account is accepted now that its address is proved; nothing: it waits for an administrator.
std::optional<std::string> accepting_policy(const Life& life, std::string_view email, const ModerationPolicy& policy);

}  // namespace nephele::identity::life
