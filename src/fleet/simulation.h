// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/result.h"
#include "fleet/shares.h"
#include "fleet/stop.h"

/// The rules of the fleet over a made-up world: what a configuration would do before it does it. Every number is drawn
/// from one seed; the same plan gives the same story.
namespace nephele::fleet::simulation {

/// One machinetype and the experiment behind it.
struct TypePlan {
  std::string name;
  ShareRules rules;
  Lifetime lifetime;
  double jobs_per_hour = 1e9;     ///< how much work arrives; a machine that finds none ends with "300"
  seconds job_length{6 * 3'600};  ///< in the mean
  double job_spread = 0.25;       ///< of the mean: one standard deviation
  double fails_at_boot = 0;       ///< part of the machines that never come up
};

struct SpacePlan {
  std::string name;
  SpaceRules rules;
  std::vector<TypePlan> types;
  seconds boot{120};      ///< from the request until it runs
  double refuses = 0;     ///< part of the creations that the cloud refuses
  double unanswered = 0;  ///< part of the cycles in which the cloud does not answer
};

struct Plan {
  std::vector<SpacePlan> spaces;
  seconds length{24 * 3'600};
  seconds cycle{60};
  seconds sample{300};  ///< how often the curves have a point
  std::uint64_t seed = 1;
};

/// One point of one type's curve.
struct Sample {
  Instant time;
  std::int64_t running = 0, starting = 0;  ///< processors
};

struct TypeStory {
  std::string name;
  std::int64_t created = 0, refused = 0, deleted = 0;
  std::int64_t without_work = 0, fizzles = 0, finished = 0;  ///< how they ended
  double processor_hours = 0;
  std::int64_t jobs_waiting = 0;
  std::vector<Sample> curve = {};
};

struct SpaceStory {
  std::string name;
  std::int64_t most_processors = 0;  ///< never above the limit
  std::int64_t cycles = 0, unanswered = 0;
  std::vector<TypeStory> types = {};
};

struct Story {
  std::vector<SpaceStory> spaces = {};
};

/// Fails with `invalid` for a plan that cannot be (no length, a cycle of nothing).
Result<Story> run(const Plan& plan);

}  // namespace nephele::fleet::simulation
