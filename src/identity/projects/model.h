// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "identity/model.h"
#include "identity/quota/model.h"

/// Projects as Astakos has them (contract astakos, 7.4): applied for, decided about, joined and left. The directory has
/// the same project under the same id while it lives; an accepted membership is the role `member` there.
namespace nephele::identity::projects {

using ApplicationId = NumericId<struct ApplicationTag>;
using MembershipId = NumericId<struct MembershipTag>;

/// Numbers are the contract's, and what the database holds.
enum class State : std::uint16_t { uninitialized = 0, active = 1, suspended = 10, terminated = 100, deleted = 1000 };
enum class ApplicationState : std::uint8_t {
  pending = 0,
  approved = 1,
  replaced = 2,
  denied = 3,
  dismissed = 4,
  cancelled = 5
};
enum class MembershipState : std::uint8_t {
  requested = 0,
  accepted = 1,
  leave_requested = 5,
  suspended = 10,  ///< its owner's account is not active
  rejected = 100,
  cancelled = 101,
  removed = 200
};
enum class Policy : std::uint8_t { automatic = 1, moderated = 2, closed = 3 };

/// What a project grants: as a whole, and to each member.
struct Capacity {
  quota::Amount project = 0;
  quota::Amount member = 0;
  friend bool operator==(const Capacity&, const Capacity&) = default;
};
using Capacities = std::map<std::string, Capacity, std::less<>>;  ///< by resource

/// What somebody wants a project to be: absent means the default of a new one, or as it is of an existing one.
struct Draft {
  std::optional<std::string> name = {}, owner = {}, homepage = {}, description = {};
  std::optional<Time> start = {}, end = {};
  std::optional<Policy> join_policy = {}, leave_policy = {};
  std::optional<std::int64_t> max_members = {};
  std::optional<bool> is_private = {};
  Capacities capacities = {};
  std::string comments = {};
};

struct ProjectLife {
  ProjectId id;
  State state = State::uninitialized;
  std::string state_reason = {};  ///< why it is not active: an administrator's word, or user_deactivation
  std::string name = {};
  std::string owner = {};  ///< uuid; empty: nobody, as in system projects
  std::string homepage = {};
  std::string description = {};
  Time end = {};
  Policy join_policy = Policy::moderated;
  Policy leave_policy = Policy::automatic;
  std::int64_t max_members = quota::unlimited;
  bool is_private = false;
  bool system = false;  ///< a user's own
  Time created = {};
  std::optional<Time> deactivated = {};
  ApplicationId last_application = {};
};

struct Application {
  ApplicationId id;
  ProjectId project;
  std::string applicant;  ///< uuid
  ApplicationState state = ApplicationState::pending;
  Draft wanted = {};
  Time issued = {};
  std::optional<Time> decided = {};
  std::string decided_by = {};
  std::string reason = {};
};

struct Membership {
  MembershipId id;
  ProjectId project;
  AccountId account;
  MembershipState state = MembershipState::requested;
  std::string state_reason = {};
};

/// Who asks. An administrator of projects may do everything; the operator at a terminal is one without an account.
struct Caller {
  AccountId account = {};
  bool admin = false;
};

/// A project with all that one caller may see of it.
struct ShownProject {
  ProjectLife life;
  Capacities capacities = {};
  bool decides = false;  ///< the caller is its owner or an administrator, and sees what is applied for
  std::optional<Application> last_application = {};
  std::vector<std::string> actions = {};  ///< what the caller may do to it now
  std::int64_t members = 0;               ///< those that count
};

struct ShownMembership {
  Membership membership;
  std::vector<std::pair<MembershipState, Time>> steps = {};  ///< when it last became what
  std::vector<std::string> actions = {};
  std::string called = {}, email = {};  ///< in lists: who it is; empty: his account is gone
};

/// The units of astakos.pending_app that somebody uses, where they are not as many as his applications that wait.
struct UnitFinding {
  std::string applicant = {};
  std::int64_t applications = 0;
  std::int64_t user_usage = 0;
  std::int64_t project_usage = 0;
  bool fixed = false;
};

enum class Mode : std::uint8_t { standard, related, member, active };
/// Empty members narrow nothing. Pages are by age.
struct ProjectFilter {
  Mode mode = Mode::standard;
  std::optional<State> state = {};
  std::string name = {};
  std::string owner = {};
  std::optional<bool> waiting = {};  ///< only those, or none, that have an application which the caller may see
  ProjectId after = {};              ///< the last of the page before
  std::size_t limit = 10'000;        ///< and not more than this
};

struct Submitted {
  ApplicationId application;
  ProjectId project;
};

}  // namespace nephele::identity::projects
