// SPDX-License-Identifier: Apache-2.0
#include "identity/life/rules.h"

#include <regex>

namespace nephele::identity::life {

namespace {

std::unexpected<Error> no(std::string sentence) {
  return fail(Kind::conflict, std::move(sentence));
}

constexpr std::string_view manual = "manual";

}  // namespace

State state_of(const Life& life) noexcept {
  if (!life.email_verified) return State::pending_verification;
  if (!life.moderated) return State::pending_moderation;
  if (life.rejected) return State::rejected;
  return life.active ? State::active : State::inactive;
}

std::string status_text(const Life& life) {
  const auto because = [](const std::string& reason) { return reason.empty() ? std::string() : " (" + reason + ")"; };
  const auto accepted = [&] {
    return life.accepted_policy == manual ? std::string(" (manually accepted)")
                                          : " (accepted policy: " + life.accepted_policy + ")";
  };
  switch (state_of(life)) {
    case State::pending_verification:
      return "Pending email verification";
    case State::pending_moderation:
      return "Pending moderation";
    case State::rejected:
      return "Rejected" + because(life.rejected_reason);
    case State::active:
      return "Accepted/Active" + accepted();
    case State::inactive:
      break;
  }
  return "Accepted/Inactive" + because(life.deactivated_reason) + accepted();
}

std::string_view refusal_text(State state) noexcept {
  switch (state) {
    case State::pending_verification:
      return "Your e-mail address is not verified yet; follow the link in the mail that you got.";
    case State::pending_moderation:
      return "Your account request is pending moderation.";
    case State::rejected:
      return "Your account request has been rejected.";
    case State::inactive:
      return "Your account is disabled.";
    case State::active:
      break;
  }
  return "";
}

Result<> may_verify(const Life& life) {
  if (life.email_verified) return no("This account is already verified.");
  return {};
}

Result<> may_accept(const Life& life) {
  if (!life.email_verified) return no("User account does not have a verified email address.");
  if (life.accepted()) return no("This account is already moderated.");
  return {};
}

Result<> may_reject(const Life& life) {
  if (life.moderated) return no("This account is already moderated.");
  if (life.active) return no("This account is already active.");
  if (!life.email_verified) return no("User account does not have a verified email address.");
  return {};
}

namespace {

Result<> judged_well(const Life& life) {
  if (!life.email_verified) return no("User account does not have a verified email address.");
  if (!life.moderated) return no("User account is not moderated.");
  if (life.rejected) return no("This account has been rejected.");
  return {};
}

}  // namespace

Result<> may_activate(const Life& life) {
  TRY_VOID(judged_well(life));
  if (life.active) return no("This account is already active.");
  return {};
}

Result<> may_deactivate(const Life& life) {
  return judged_well(life);
}

void verify(Life& life, Time now) {
  life.email_verified = true;
  life.verified = now;
}

void accept(Life& life, std::string policy, const std::string& email, Time now) {
  if (life.accepted_email.empty()) life.accepted_email = email;
  life.accepted_policy = std::move(policy);
  life.moderated = true;
  life.moderated_at = now;
  life.rejected = false;
  life.rejected_reason.clear();
}

void reject(Life& life, std::string reason, Time now) {
  life.moderated = true;
  life.moderated_at = now;
  life.rejected = true;
  life.rejected_reason = std::move(reason);
}

void activate(Life& life) {
  life.active = true;
  life.deactivated_reason.clear();
  life.deactivated.reset();
}

void deactivate(Life& life, std::string reason, Time now) {
  life.active = false;
  life.deactivated_reason = std::move(reason);
  life.deactivated = now;
}

Result<> check(const ModerationPolicy& policy) {
  for (std::size_t i = 0; i < policy.email_patterns.size(); ++i) {
    try {
      (void)std::regex(policy.email_patterns[i]);
    } catch (const std::regex_error&) {
      return fail(Kind::invalid, "ASTAKOS_RE_USER_EMAIL_PATTERNS: number " + std::to_string(i + 1) +
                                     " of the list is no regular expression");
    }
  }
  return {};
}

std::optional<std::string> accepting_policy(const Life& life, std::string_view email, const ModerationPolicy& policy) {
  if (!policy.enabled) return "auto_moderation";
  for (const auto& pattern : policy.email_patterns)
    if (std::regex_match(email.begin(), email.end(), std::regex(pattern))) return "email";
  if (policy.sending_is_approval && life.approved) return std::string(manual);
  if (life.accepted()) return "already_moderated";
  return std::nullopt;
}

}  // namespace nephele::identity::life
