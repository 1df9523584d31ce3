// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "identity/projects/model.h"

/// The contract once more, as simply as it can be said: people and projects are numbers, and everything is in memory.
namespace nephele::identity::projects::testing {

class Model {
 public:
  static constexpr int administrator = 0;
  static constexpr std::int64_t units_limit = 2;

  struct Application {
    int applicant = 0;
    ApplicationState state = ApplicationState::pending;
    std::int64_t member = 0, whole = 0;
  };
  struct Member {
    MembershipState state = MembershipState::requested;
    bool asleep = false;  ///< suspended because of his account
  };
  struct Project {
    State state = State::uninitialized;
    bool asleep = false;
    int owner = 0;
    std::string name = {};
    Policy join = Policy::moderated, leave = Policy::automatic;
    std::int64_t max = 0, member = 0, whole = 0;
    Application last = {};
    std::map<int, Member> members = {};
  };
  struct Person {
    bool active = true;
    bool own_active = true;
    std::int64_t units = 0;
  };

  explicit Model(std::size_t people) : people_(people) {}
  const std::vector<Project>& projects() const { return projects_; }
  const std::vector<Person>& people() const { return people_; }

  bool submit(int who, std::string name, Policy join, Policy leave, std::int64_t max, std::int64_t member,
              std::int64_t whole) {
    if (!take_unit(who)) return false;
    projects_.push_back({.owner = who,
                         .name = std::move(name),
                         .join = join,
                         .leave = leave,
                         .max = max,
                         .last = {.applicant = who, .member = member, .whole = whole}});
    return true;
  }
  bool modify(int who, std::size_t which, std::int64_t member, std::int64_t whole) {
    auto& p = projects_[which];
    if (!decides(who, p) || (p.state != State::active && p.state != State::suspended)) return false;
    const bool replaces = p.last.state == ApplicationState::pending;
    if (!(replaces && p.last.applicant == who)) {
      if (!take_unit(who)) return false;
      if (replaces) --person(p.last.applicant).units;
    }
    p.last = {.applicant = who, .member = member, .whole = whole};
    return true;
  }
  bool approve(int who, std::size_t which) {
    auto& p = projects_[which];
    if (who != administrator || p.last.state != ApplicationState::pending) return false;
    if (p.state != State::uninitialized && p.state != State::active && p.state != State::suspended) return false;
    if (p.state == State::uninitialized && (taken(p.name, which) || !person(p.owner).active)) return false;
    if (p.state == State::uninitialized) p.state = State::active;
    p.member = p.last.member;
    p.whole = p.last.whole;
    end(p, ApplicationState::approved);
    return true;
  }
  bool deny(int who, std::size_t which) {
    auto& p = projects_[which];
    if (who != administrator || p.last.state != ApplicationState::pending) return false;
    end(p, ApplicationState::denied);
    return true;
  }
  bool cancel(int who, std::size_t which) {
    auto& p = projects_[which];
    if (!decides(who, p) && p.last.applicant != who) return false;
    if (p.last.state != ApplicationState::pending) return false;
    end(p, ApplicationState::cancelled);
    if (p.state == State::uninitialized) p.state = State::deleted;
    return true;
  }
  bool dismiss(int who, std::size_t which) {
    auto& p = projects_[which];
    if (!decides(who, p) && p.last.applicant != who) return false;
    if (p.last.state != ApplicationState::denied) return false;
    p.last.state = ApplicationState::dismissed;
    if (p.state == State::uninitialized) p.state = State::deleted;
    return true;
  }
  bool move(int who, std::size_t which, State from, State also_from, State to) {
    auto& p = projects_[which];
    if (who != administrator || (p.state != from && p.state != also_from)) return false;
    if (p.state == State::terminated && taken(p.name, which)) return false;
    p.state = to;
    p.asleep = false;
    return true;
  }

  bool join(int who, std::size_t which) {
    auto& p = projects_[which];
    if (!person(who).active || p.state != State::active || p.join == Policy::closed || inside(p, who)) return false;
    if (p.join == Policy::automatic && places(p) >= p.max) return false;
    p.members[who] = {.state = p.join == Policy::automatic ? MembershipState::accepted : MembershipState::requested};
    return true;
  }
  bool enroll(int who, std::size_t which, int whom) {
    auto& p = projects_[which];
    if (!decides(who, p) || p.state != State::active || !person(whom).active) return false;
    const auto there = p.members.find(whom);
    const bool asks = there != p.members.end() && there->second.state == MembershipState::requested;
    if ((inside(p, whom) && !asks) || places(p) >= p.max) return false;
    p.members[whom] = {.state = MembershipState::accepted};
    return true;
  }
  bool leave(int who, std::size_t which) {
    return step(which, who, [&](const Project& p, Member& m) {
      if (m.state != MembershipState::accepted || p.leave == Policy::closed) return false;
      m.state = p.leave == Policy::automatic ? MembershipState::removed : MembershipState::leave_requested;
      return true;
    });
  }
  bool withdraw(int who, std::size_t which) {
    return step(which, who, [](const Project&, Member& m) {
      if (m.state == MembershipState::requested)
        m.state = MembershipState::cancelled;
      else if (m.state == MembershipState::leave_requested)
        m.state = MembershipState::accepted;
      else
        return false;
      return true;
    });
  }
  bool accept(int who, std::size_t which, int whom) {
    return decides(who, projects_[which]) && step(which, whom, [&](const Project& p, Member& m) {
             if (m.state != MembershipState::requested || p.state != State::active || !person(whom).active ||
                 places(p) >= p.max)
               return false;
             m.state = MembershipState::accepted;
             return true;
           });
  }
  bool reject(int who, std::size_t which, int whom) {
    return decides(who, projects_[which]) && step(which, whom, [](const Project&, Member& m) {
             if (m.state == MembershipState::requested)
               m.state = MembershipState::rejected;
             else if (m.state == MembershipState::leave_requested)
               m.state = MembershipState::accepted;
             else
               return false;
             return true;
           });
  }
  bool remove(int who, std::size_t which, int whom) {
    return decides(who, projects_[which]) && step(which, whom, [](const Project&, Member& m) {
             if (m.state != MembershipState::accepted && m.state != MembershipState::leave_requested &&
                 m.state != MembershipState::suspended)
               return false;
             m = {.state = MembershipState::removed};
             return true;
           });
  }

  void deactivate(int who) {
    person(who).active = person(who).own_active = false;
    for (auto& p : projects_) {
      if (p.owner == who && p.state == State::active) {
        p.state = State::suspended;
        p.asleep = true;
      }
      if (const auto m = p.members.find(who); m != p.members.end() && m->second.state == MembershipState::accepted)
        m->second = {.state = MembershipState::suspended, .asleep = true};
    }
  }
  bool activate(int who) {
    if (person(who).active) return false;
    person(who).active = person(who).own_active = true;
    for (auto& p : projects_) {
      if (p.owner == who && p.state == State::suspended && p.asleep) {
        p.state = State::active;
        p.asleep = false;
      }
      if (const auto m = p.members.find(who); m != p.members.end() && m->second.asleep)
        m->second = {.state = MembershipState::accepted};
    }
    return true;
  }

 private:
  Person& person(int who) { return people_[static_cast<std::size_t>(who)]; }
  static bool decides(int who, const Project& p) { return who == administrator || p.owner == who; }
  static bool inside(const Project& p, int who) {
    const auto m = p.members.find(who);
    return m != p.members.end() &&
           (m->second.state == MembershipState::requested || m->second.state == MembershipState::accepted ||
            m->second.state == MembershipState::leave_requested || m->second.state == MembershipState::suspended);
  }
  static std::int64_t places(const Project& p) {
    return std::ranges::count_if(p.members, [](const auto& each) {
      const auto state = each.second.state;
      return state == MembershipState::accepted || state == MembershipState::leave_requested ||
             state == MembershipState::suspended;
    });
  }
  bool taken(const std::string& name, std::size_t but) const {
    for (std::size_t i = 0; i < projects_.size(); ++i)
      if (i != but && projects_[i].name == name &&
          (projects_[i].state == State::active || projects_[i].state == State::suspended))
        return true;
    return false;
  }
  bool take_unit(int who) {
    auto& p = person(who);
    if (who != administrator && p.units + 1 > (p.own_active ? units_limit : 0)) return false;
    ++p.units;
    return true;
  }
  void end(Project& p, ApplicationState state) {
    p.last.state = state;
    --person(p.last.applicant).units;
  }
  template <class F>
  bool step(std::size_t which, int whom, F change) {
    auto& p = projects_[which];
    const auto m = p.members.find(whom);
    if (m == p.members.end() || (p.state != State::active && p.state != State::suspended)) return false;
    return change(p, m->second);
  }

  std::vector<Project> projects_;
  std::vector<Person> people_;
};

}  // namespace nephele::identity::projects::testing
