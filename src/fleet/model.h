// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Fleets of virtual machines on other people's clouds (contract vcycle). The rules see numbers only: who a machine is
/// on its cloud stands elsewhere.
namespace nephele::fleet {

/// Whole seconds of Unix time: what the state files hold and every rule compares.
using Instant = std::chrono::sys_seconds;
using std::chrono::seconds;

/// What the wire and the log call Unknown, Shut down, Starting, Running, Deleting, Failed.
enum class State : std::uint8_t { unknown, shut_down, starting, running, deleting, failed };

std::string_view to_string(State state) noexcept;
/// What is none of them is Unknown.
State state_from(std::string_view text) noexcept;

/// Over: it will not run again.
constexpr bool has_ended(State state) noexcept {
  return state == State::shut_down || state == State::deleting || state == State::failed;
}

/// How long a machine of a type may live, and how it must show that it does. Written down when it is made, so that one
/// whose type left the configuration still ends.
struct Lifetime {
  seconds max_wallclock{86'400};
  seconds fizzle{};                       ///< shorter than this it has achieved nothing
  bool has_heartbeat = false;             ///< a heartbeat_file is configured
  std::optional<seconds> heartbeat = {};  ///< how old a heartbeat may be; 0: it must have been there once

  friend bool operator==(const Lifetime&, const Lifetime&) = default;
};

/// What the shares are computed from, of one [machinetype].
struct ShareRules {
  double target_share = 0;  ///< up to 0: none is ever made
  seconds backoff{};
  seconds fizzle{};
  std::int64_t machine_processors = 1;  ///< of the flavor that a new one gets
  std::optional<double> hs06_per_processor = {};
  std::optional<std::int64_t> processors_limit = {};
  std::optional<std::int64_t> machines_limit = {};
  std::optional<std::int64_t> max_starting_processors = {};  ///< absent: as processors_limit
  std::size_t pipe = 0;  ///< types of the same vacuum pipe share these two limits; 0: of none
  std::optional<std::int64_t> pipe_processors_limit = {};
  std::optional<std::int64_t> pipe_machines_limit = {};
};

/// Of one [space].
struct SpaceRules {
  std::optional<std::int64_t> processors_limit = {};  ///< configured, or what the cloud allows
  std::optional<std::int64_t> machines_limit = {};    ///< total_machines of the guide
  std::optional<Instant> shutdown = {};               ///< shutdown_time: by then everything is to be over
  bool draining = false;
};

/// One machine of ours as a scan found it, together with what is written down about it.
struct Machine {
  State state = State::unknown;
  bool managed_here = false;  ///< this manager is the one that acts on it
  std::int32_t type = -1;     ///< index among the configured types; -1: of none
  std::int64_t processors = 1;
  std::optional<double> hs06 = {};  ///< of the whole machine
  std::optional<Instant> created = {};
  std::optional<Instant> started = {};
  std::optional<Instant> updated = {};  ///< the cloud's last change of its state
  std::optional<Instant> stopped = {};  ///< when its end was dealt with
  std::optional<Instant> deleted = {};  ///< of the last attempt to delete it
  std::int32_t deletions = 0;           ///< attempts so far
  std::optional<Instant> heartbeat = {};
  std::optional<Instant> heard_since = {};  ///< before that none could arrive, for reasons of ours; unknown: all could
  std::optional<Instant> shutdown = {};     ///< jobfeatures/shutdowntime_job
};

}  // namespace nephele::fleet
