// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "runtimes/model.h"

/// The life of a function as one table: the nine arrows of the user guide's diagram and one more, PENDING -> ERROR,
/// because who holds an id must be able to read why nothing came of it. Deletion is no state: from any of them the
/// runtime is gone at once.
namespace nephele::runtimes {

/// `none` is the guide's [*]: not there yet, or gone because the deployment was refused.
enum class LifeState : std::uint8_t { none, pending, running, updating, error };

enum class LifeEvent : std::uint8_t {
  deploy,             ///< a runtime is asked for
  deploy_refused,     ///< nothing remains of it: the answer to the POST says why
  deployed,           ///< the guest reported READY for the first time
  update,             ///< a change of sizes begins
  updated,            ///< and has ended, or was undone: the machine is well
  failure_detected,   ///< crashed, panicked, shut itself down, did not come up
  update_failed,      ///< the machine did not survive its update
  recovered,          ///< the guest reported READY again
  recovery_failed,    ///< another failure while in ERROR
  deployment_failed,  ///< the arrow of ours: the VM was built but never became READY
};

struct Arrow {
  LifeState from;
  LifeEvent on;
  LifeState to;
};

inline constexpr std::array arrows{
    Arrow{LifeState::none, LifeEvent::deploy, LifeState::pending},
    Arrow{LifeState::pending, LifeEvent::deploy_refused, LifeState::none},
    Arrow{LifeState::pending, LifeEvent::deployed, LifeState::running},
    Arrow{LifeState::running, LifeEvent::update, LifeState::updating},
    Arrow{LifeState::updating, LifeEvent::updated, LifeState::running},
    Arrow{LifeState::running, LifeEvent::failure_detected, LifeState::error},
    Arrow{LifeState::error, LifeEvent::recovered, LifeState::running},
    Arrow{LifeState::error, LifeEvent::recovery_failed, LifeState::error},
    Arrow{LifeState::updating, LifeEvent::update_failed, LifeState::error},
    Arrow{LifeState::pending, LifeEvent::deployment_failed, LifeState::error},
};

/// The state after `on`, or nothing when no arrow leaves `from` for it: the event then changes nothing.
constexpr std::optional<LifeState> next(LifeState from, LifeEvent on) noexcept {
  for (const auto& arrow : arrows)
    if (arrow.from == from && arrow.on == on) return arrow.to;
  return std::nullopt;
}
static_assert(next(LifeState::none, LifeEvent::deploy) == LifeState::pending);
static_assert(!next(LifeState::pending, LifeEvent::update));

/// What is told about a machine, whatever state its function is in.
enum class MachineNews : std::uint8_t {
  ready,            ///< the guest reported READY
  failed,           ///< with a reason
  change_started,   ///< somebody resizes it
  change_finished,  ///< sizes are as wanted
  change_undone,    ///< sizes are as before and the machine is well
};

/// The arrow that a piece of news means for a function in `from`, or nothing: late and repeated news change nothing.
constexpr std::optional<LifeEvent> meaning(FunctionState from, MachineNews news) noexcept {
  using enum FunctionState;
  switch (news) {
    case MachineNews::ready:
      if (from == pending) return LifeEvent::deployed;
      if (from == error) return LifeEvent::recovered;
      return std::nullopt;
    case MachineNews::failed:
      if (from == pending) return LifeEvent::deployment_failed;
      if (from == running) return LifeEvent::failure_detected;
      if (from == updating) return LifeEvent::update_failed;
      return LifeEvent::recovery_failed;
    case MachineNews::change_started:
      return from == running ? std::optional(LifeEvent::update) : std::nullopt;
    case MachineNews::change_finished:
    case MachineNews::change_undone:
      return from == updating ? std::optional(LifeEvent::updated) : std::nullopt;
  }
  return std::nullopt;
}

constexpr LifeState life_of(FunctionState state) noexcept {
  return static_cast<LifeState>(static_cast<std::uint8_t>(state) + 1);
}
static_assert(life_of(FunctionState::pending) == LifeState::pending);
static_assert(life_of(FunctionState::error) == LifeState::error);

/// The state of a function after a piece of news; the same state when it changes nothing.
constexpr FunctionState after(FunctionState from, MachineNews news) noexcept {
  const auto event = meaning(from, news);
  const auto to = event ? next(life_of(from), *event) : std::nullopt;
  return to ? static_cast<FunctionState>(static_cast<std::uint8_t>(*to) - 1) : from;
}
static_assert(after(FunctionState::running, MachineNews::failed) == FunctionState::error);

}  // namespace nephele::runtimes
