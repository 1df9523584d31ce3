// SPDX-License-Identifier: Apache-2.0
#include "identity/projects/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "identity/account_name.h"

namespace nephele::identity::projects {

namespace {

constexpr std::size_t name_bytes = 80, homepage_bytes = 255, text_bytes = 4096;

template <class E>
struct Word {
  E value;
  std::string_view text;
};

constexpr std::array states{Word{State::uninitialized, "uninitialized"}, Word{State::active, "active"},
                            Word{State::suspended, "suspended"}, Word{State::terminated, "terminated"},
                            Word{State::deleted, "deleted"}};
constexpr std::array application_states{
    Word{ApplicationState::pending, "pending"},     Word{ApplicationState::approved, "approved"},
    Word{ApplicationState::replaced, "replaced"},   Word{ApplicationState::denied, "denied"},
    Word{ApplicationState::dismissed, "dismissed"}, Word{ApplicationState::cancelled, "cancelled"}};
constexpr std::array membership_states{Word{MembershipState::requested, "requested"},
                                       Word{MembershipState::accepted, "accepted"},
                                       Word{MembershipState::leave_requested, "leave_requested"},
                                       Word{MembershipState::suspended, "suspended"},
                                       Word{MembershipState::rejected, "rejected"},
                                       Word{MembershipState::cancelled, "cancelled"},
                                       Word{MembershipState::removed, "removed"}};
constexpr std::array policies{Word{Policy::automatic, "auto"}, Word{Policy::moderated, "moderated"},
                              Word{Policy::closed, "closed"}};
constexpr std::array actions{Word{Action::suspend, "suspend"},     Word{Action::unsuspend, "unsuspend"},
                             Word{Action::terminate, "terminate"}, Word{Action::reinstate, "reinstate"},
                             Word{Action::approve, "approve"},     Word{Action::deny, "deny"},
                             Word{Action::dismiss, "dismiss"},     Word{Action::cancel, "cancel"}};
constexpr std::array steps{Word{Step::leave, "leave"}, Word{Step::cancel, "cancel"}, Word{Step::accept, "accept"},
                           Word{Step::reject, "reject"}, Word{Step::remove, "remove"}};

template <class Words, class E>
std::string_view text_in(const Words& words, E value) noexcept {
  for (const auto& word : words)
    if (word.value == value) return word.text;
  return "unknown";
}
template <class E, std::size_t N>
std::optional<E> value_in(const std::array<Word<E>, N>& words, std::string_view text) noexcept {
  for (const auto& word : words)
    if (word.text == text) return word.value;
  return std::nullopt;
}

struct ProjectMove {
  State from;
  Action on;
  State to;
};
constexpr std::array project_moves{ProjectMove{State::active, Action::suspend, State::suspended},
                                   ProjectMove{State::suspended, Action::unsuspend, State::active},
                                   ProjectMove{State::active, Action::terminate, State::terminated},
                                   ProjectMove{State::suspended, Action::terminate, State::terminated},
                                   ProjectMove{State::terminated, Action::reinstate, State::active}};

struct ApplicationMove {
  ApplicationState from;
  Action on;
  ApplicationState to;
};
constexpr std::array application_moves{
    ApplicationMove{ApplicationState::pending, Action::approve, ApplicationState::approved},
    ApplicationMove{ApplicationState::pending, Action::deny, ApplicationState::denied},
    ApplicationMove{ApplicationState::pending, Action::cancel, ApplicationState::cancelled},
    ApplicationMove{ApplicationState::denied, Action::dismiss, ApplicationState::dismissed}};

struct MembershipMove {
  MembershipState from;
  Step on;
  MembershipState to;
};
constexpr std::array membership_moves{
    MembershipMove{MembershipState::requested, Step::cancel, MembershipState::cancelled},
    MembershipMove{MembershipState::requested, Step::accept, MembershipState::accepted},
    MembershipMove{MembershipState::requested, Step::reject, MembershipState::rejected},
    MembershipMove{MembershipState::accepted, Step::leave, MembershipState::removed},  // or leave_requested
    MembershipMove{MembershipState::accepted, Step::remove, MembershipState::removed},
    MembershipMove{MembershipState::leave_requested, Step::cancel, MembershipState::accepted},
    MembershipMove{MembershipState::leave_requested, Step::reject, MembershipState::accepted},
    MembershipMove{MembershipState::leave_requested, Step::remove, MembershipState::removed},
    MembershipMove{MembershipState::suspended, Step::remove, MembershipState::removed}};

/// "label.label.tld", as names of hosts are.
bool is_domain_style(std::string_view name) {
  std::size_t labels = 0;
  std::string_view last;
  for (std::string_view rest = name;;) {
    const auto dot = rest.find('.');
    last = rest.substr(0, dot);
    const auto good = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    };
    if (last.empty() || last.size() > 63 || last.front() == '-' || last.back() == '-' ||
        !std::ranges::all_of(last, good))
      return false;
    ++labels;
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return labels >= 2 && last.size() >= 2 && std::ranges::all_of(last, is_letter);
}

Result<> check_capacities(const Capacities& capacities) {
  for (const auto& [resource, capacity] : capacities) {
    if (capacity.project < 0 || capacity.member < 0)
      return fail(Kind::invalid, fmt::format("the limits of {} are numbers from 0 to {}", resource, quota::unlimited));
    if (capacity.member > capacity.project)
      return fail(
          Kind::invalid,
          fmt::format("the limit of {} for a member is over the limit for the project; make it smaller", resource));
  }
  return {};
}

Result<> check_texts(const Draft& draft) {
  if (draft.name) {
    if (draft.name->size() > name_bytes || !is_domain_style(*draft.name))
      return fail(Kind::invalid, fmt::format("a project is named like a host, such as lab.example.org, in at most {} "
                                             "characters",
                                             name_bytes));
  }
  if (draft.homepage) TRY_VOID(check_text("homepage", *draft.homepage, homepage_bytes));
  if (draft.homepage && !draft.homepage->empty() && !draft.homepage->starts_with("http://") &&
      !draft.homepage->starts_with("https://"))
    return fail(Kind::invalid, "homepage is no address; it begins with http:// or https://");
  if (draft.description) TRY_VOID(check_text("description", *draft.description, text_bytes));
  return check_text("comments", draft.comments, text_bytes);
}

}  // namespace

std::string_view to_string(State state) noexcept {
  return text_in(states, state);
}
std::string_view to_string(ApplicationState state) noexcept {
  return text_in(application_states, state);
}
std::string_view to_string(MembershipState state) noexcept {
  return text_in(membership_states, state);
}
std::string_view to_string(Policy policy) noexcept {
  return text_in(policies, policy);
}
std::string_view to_string(Action action) noexcept {
  return text_in(actions, action);
}
std::string_view to_string(Step step) noexcept {
  return text_in(steps, step);
}
std::optional<State> state_from(std::string_view text) noexcept {
  return value_in(states, text);
}
std::optional<Policy> policy_from(std::string_view text) noexcept {
  return value_in(policies, text);
}
std::optional<Action> action_from(std::string_view text) noexcept {
  return value_in(actions, text);
}
std::optional<Step> step_from(std::string_view text) noexcept {
  return value_in(steps, text);
}

Result<State> after(Action action, const ProjectLife& project) {
  if (project.system && (action == Action::terminate || action == Action::reinstate))
    return fail(Kind::conflict, "Cannot terminate a system project.");
  for (const auto& move : project_moves)
    if (move.from == project.state && move.on == action) return move.to;
  return fail(Kind::conflict, fmt::format("Cannot {} project {} in state '{}'", to_string(action), project.id.text(),
                                          to_string(project.state)));
}

Result<ApplicationState> after(Action action, const Application& application) {
  for (const auto& move : application_moves)
    if (move.from == application.state && move.on == action) return move.to;
  return fail(Kind::conflict, fmt::format("Cannot {} application {} in state '{}'", to_string(action),
                                          application.id.number(), to_string(application.state)));
}

bool decides(const Caller& caller, const ProjectLife& project) noexcept {
  return caller.admin || (!project.owner.empty() && project.owner == caller.account.text());
}

namespace {

bool applied(const Caller& caller, const Application* last) {
  return last != nullptr && !last->applicant.empty() && last->applicant == caller.account.text();
}

}  // namespace

bool takes_back(Action action, const Caller& caller, const Application* last) {
  return !decides_about_others(action) && applied(caller, last);
}

bool may(Action action, const Caller& caller, const ProjectLife& project, const Application* last) {
  if (caller.admin) return true;
  if (decides_about_others(action)) return false;
  return decides(caller, project) || applied(caller, last);
}

std::vector<std::string> allowed(const Caller& caller, const ProjectLife& project, const Application* last) {
  std::vector<std::string> names;
  for (const auto& [action, name] : actions) {
    if (!may(action, caller, project, last)) continue;
    if (about_application(action) ? last != nullptr && after(action, *last).has_value()
                                  : after(action, project).has_value())
      names.emplace_back(name);
  }
  return names;
}

Result<MembershipState> after(Step step, const Membership& membership, const ProjectLife& project) {
  const bool over = project.state != State::active && project.state != State::suspended;
  if (over || (step == Step::accept && project.state != State::active))
    return fail(Kind::conflict, fmt::format("Project {} is not alive.", project.id.text()));
  if (project.system) return fail(Kind::conflict, "a user's own project has its one member, who stays in it");
  for (const auto& move : membership_moves) {
    if (move.from != membership.state || move.on != step) continue;
    if (step != Step::leave || project.leave_policy == Policy::automatic) return move.to;
    if (project.leave_policy == Policy::moderated) return MembershipState::leave_requested;
    return fail(Kind::conflict, "The project member leave policy is closed.");
  }
  return fail(Kind::conflict, fmt::format("Cannot {} membership {} in state '{}'", to_string(step),
                                          membership.id.number(), to_string(membership.state)));
}

bool may(Step step, const Caller& caller, const Membership& membership, const ProjectLife& project) {
  if (step == Step::leave || step == Step::cancel)
    return !caller.account.empty() && caller.account == membership.account;
  return decides(caller, project);
}

std::vector<std::string> allowed(const Caller& caller, const Membership& membership, const ProjectLife& project) {
  std::vector<std::string> names;
  for (const auto& [step, name] : steps)
    if (may(step, caller, membership, project) && after(step, membership, project)) names.emplace_back(name);
  return names;
}

bool may_see(const Caller& caller, const ProjectLife& project, const Application* last) noexcept {
  if (decides(caller, project) || (project.state == State::active && !project.is_private)) return true;
  return applied(caller, last);
}

Result<> check(const Draft& draft, bool is_new, Time now) {
  if (is_new && !draft.name) return fail(Kind::invalid, "a project needs a name");
  if (is_new && !draft.end) return fail(Kind::invalid, "a project needs an end_date");
  if (draft.end && *draft.end <= now) return fail(Kind::invalid, "end_date is over; take one in the future");
  if (draft.start && draft.end && *draft.start >= *draft.end)
    return fail(Kind::invalid, "start_date is not before end_date");
  if (draft.max_members && *draft.max_members < 0)
    return fail(Kind::invalid, fmt::format("max_members is a number from 0 to {}", quota::unlimited));
  TRY_VOID(check_texts(draft));
  return check_capacities(draft.capacities);
}

void apply(const Draft& draft, ProjectLife& project) {
  const auto take = [](const auto& wanted, auto& here) {
    if (wanted) here = *wanted;
  };
  take(draft.name, project.name);
  take(draft.owner, project.owner);
  take(draft.homepage, project.homepage);
  take(draft.description, project.description);
  take(draft.end, project.end);
  take(draft.join_policy, project.join_policy);
  take(draft.leave_policy, project.leave_policy);
  take(draft.max_members, project.max_members);
  take(draft.is_private, project.is_private);
}

}  // namespace nephele::identity::projects
