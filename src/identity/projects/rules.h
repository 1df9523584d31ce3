// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "identity/projects/model.h"

/// What may become of projects, applications and memberships, and by whom: no I/O. Refusals are `conflict` where the
/// state forbids it, `forbidden` where the caller may not.
namespace nephele::identity::projects {

std::string_view to_string(State state) noexcept;             ///< "active", ...
std::string_view to_string(ApplicationState state) noexcept;  ///< "pending", ...
std::string_view to_string(MembershipState state) noexcept;   ///< "accepted", ...
std::string_view to_string(Policy policy) noexcept;           ///< "auto", "moderated", "closed"
std::optional<State> state_from(std::string_view text) noexcept;
std::optional<Policy> policy_from(std::string_view text) noexcept;

/// What is done to a project.
enum class Action : std::uint8_t { suspend, unsuspend, terminate, reinstate, approve, deny, dismiss, cancel };
std::optional<Action> action_from(std::string_view text) noexcept;
std::string_view to_string(Action action) noexcept;
inline bool about_application(Action action) noexcept {
  return action >= Action::approve;
}
/// The others are for whoever applied, too.
inline bool decides_about_others(Action action) noexcept {
  return action != Action::dismiss && action != Action::cancel;
}
/// Whoever applied may always take it back, whosever project it is about.
bool takes_back(Action action, const Caller& caller, const Application* last);
/// Suspend to reinstate: the state after it.
Result<State> after(Action action, const ProjectLife& project);
/// Approve to cancel: the application's state after it.
Result<ApplicationState> after(Action action, const Application& application);
bool may(Action action, const Caller& caller, const ProjectLife& project, const Application* last);
/// What the caller may do now, by name.
std::vector<std::string> allowed(const Caller& caller, const ProjectLife& project, const Application* last);

/// What is done to a membership that there is.
enum class Step : std::uint8_t { leave, cancel, accept, reject, remove };
std::optional<Step> step_from(std::string_view text) noexcept;
std::string_view to_string(Step step) noexcept;
Result<MembershipState> after(Step step, const Membership& membership, const ProjectLife& project);
bool may(Step step, const Caller& caller, const Membership& membership, const ProjectLife& project);
std::vector<std::string> allowed(const Caller& caller, const Membership& membership, const ProjectLife& project);

/// He is in it and may use it, once the project is active.
inline bool counts(MembershipState state) noexcept {
  return state == MembershipState::accepted || state == MembershipState::leave_requested;
}
/// His place is taken: also that of a member whose account sleeps.
inline bool holds_place(MembershipState state) noexcept {
  return counts(state) || state == MembershipState::suspended;
}
/// Asked for, or held.
inline bool associated(MembershipState state) noexcept {
  return state == MembershipState::requested || holds_place(state);
}

bool decides(const Caller& caller, const ProjectLife& project) noexcept;  ///< owner or administrator
/// Its members apart: they may see it too.
bool may_see(const Caller& caller, const ProjectLife& project, const Application* last) noexcept;

/// Fails with `invalid`: the draft cannot be a project's, or not a new one's.
Result<> check(const Draft& draft, bool is_new, Time now);
/// Puts what the draft says into the project.
void apply(const Draft& draft, ProjectLife& project);

}  // namespace nephele::identity::projects
