// SPDX-License-Identifier: Apache-2.0
#include "fleet/simulation.h"

#include <algorithm>
#include <cmath>

#include "fleet/deletion.h"

namespace nephele::fleet::simulation {

namespace {

/// From 0 up to 1, the same on every system.
double chance(std::mt19937_64& random) {
  return static_cast<double>(random() >> 11U) * 0x1p-53;
}

/// Bell-shaped around 0, with a standard deviation of about 1, cut at 6.
double bell(std::mt19937_64& random) {
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += chance(random);
  return sum;
}

/// What becomes of a machine, decided when it is made.
struct Fate {
  Instant runs_at{};  ///< when it is up, if it comes up
  Instant ends_at{};  ///< when its work is done, once it has some
  bool comes_up = true;
  bool has_work = false;
};

class SpaceWorld {
 public:
  SpaceWorld(const SpacePlan& plan, std::uint64_t seed) : plan_(plan), random_(seed) {
    story_.name = plan.name;
    for (const auto& type : plan.types) {
      rules_.push_back(type.rules);
      story_.types.push_back({.name = type.name});
    }
    histories_.resize(plan.types.size());
    waiting_.resize(plan.types.size());
  }

  void cycle(Instant now, seconds since_last, bool samples) {
    work_arrives(since_last);
    world_goes_on(now);
    ++story_.cycles;
    if (chance(random_) < plan_.unanswered)
      ++story_.unanswered;  // nothing is known, so nothing is done
    else
      manage(now);
    account(since_last);
    if (samples) sample(now);
  }

  SpaceStory told() && {
    for (std::size_t i = 0; i < waiting_.size(); ++i)
      story_.types[i].jobs_waiting = static_cast<std::int64_t>(std::min(waiting_[i], 1e15));
    return std::move(story_);
  }

 private:
  const TypePlan& type_of(const Machine& machine) const { return plan_.types[static_cast<std::size_t>(machine.type)]; }
  TypeStory& story_of(const Machine& machine) { return story_.types[static_cast<std::size_t>(machine.type)]; }

  void work_arrives(seconds since_last) {
    for (std::size_t i = 0; i < waiting_.size(); ++i)
      waiting_[i] += plan_.types[i].jobs_per_hour * static_cast<double>(since_last.count()) / 3'600;
  }

  void world_goes_on(Instant now) {
    for (std::size_t i = 0; i < machines_.size(); ++i) {
      Machine& machine = machines_[i];
      Fate& fate = fates_[i];
      if (machine.state == State::starting && now >= fate.runs_at) {
        machine.state = fate.comes_up ? State::running : State::failed;
        machine.updated = fate.runs_at;
        if (fate.comes_up) {
          machine.started = fate.runs_at;
          auto& history = histories_[static_cast<std::size_t>(machine.type)];
          history.failures = 0;  // the next failure is the first again
          history.last_failure.reset();
          take_work(machine, fate);
        }
      }
      if (machine.state == State::running && now >= fate.ends_at) {
        machine.state = State::shut_down;
        machine.updated = fate.ends_at;
      }
    }
  }

  /// A job, or five minutes of looking for one.
  void take_work(const Machine& machine, Fate& fate) {
    constexpr seconds looks_for{300};
    const TypePlan& type = type_of(machine);
    double& waiting = waiting_[static_cast<std::size_t>(machine.type)];
    fate.has_work = waiting >= 1;
    const double length =
        static_cast<double>(type.job_length.count()) * std::max(0.05, 1 + type.job_spread * bell(random_));
    fate.ends_at = *machine.started + (fate.has_work ? seconds{std::llround(length)} : looks_for);
    if (fate.has_work) waiting -= 1;
  }

  void manage(Instant now) {
    deal_with_ends(now);
    Totals totals = totals_of(machines_, rules_, 0, now);
    remove_some(now);
    create_some(now, std::move(totals));
  }

  void deal_with_ends(Instant now) {
    for (std::size_t i = 0; i < machines_.size(); ++i) {
      Machine& machine = machines_[i];
      if (machine.stopped || !has_ended(machine.state)) continue;
      machine.stopped = machine.updated.value_or(now);
      auto& history = histories_[static_cast<std::size_t>(machine.type)];
      TypeStory& story = story_of(machine);
      if (!machine.started) {
        ++history.failures;
        history.last_failure = now;
        continue;
      }
      const auto verdict = judge_stop({.started = machine.started,
                                       .stopped = *machine.stopped,
                                       .message = fates_[i].has_work ? "200 Success" : "300 Nothing to do"},
                                      {.fizzle = type_of(machine).rules.fizzle, .last_abort = history.last_abort});
      if (verdict.abort != Abort::none) history.last_abort = machine.stopped;
      ++(!fates_[i].has_work ? story.without_work : verdict.abort == Abort::fizzle ? story.fizzles : story.finished);
    }
  }

  void remove_some(Instant now) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < machines_.size(); ++i) {
      if (deletion_of(machines_[i], &type_of(machines_[i]).lifetime, plan_.rules.shutdown, now)) {
        ++story_of(machines_[i]).deleted;
        continue;
      }
      if (kept != i) {
        machines_[kept] = machines_[i];
        fates_[kept] = fates_[i];
      }
      ++kept;
    }
    machines_.resize(kept);
    fates_.resize(kept);
  }

  void create_some(Instant now, Totals totals) {
    Shares shares(plan_.rules, rules_, histories_, std::move(totals), now, random_());
    for (Choice choice = shares.choose(); choice.type; choice = shares.choose()) {
      const std::size_t type = *choice.type;
      if (chance(random_) < plan_.refuses) {
        shares.refused(type);
        ++story_.types[type].refused;
        ++histories_[type].failures;
        histories_[type].last_failure = now;
        continue;
      }
      shares.created(type);
      ++story_.types[type].created;
      add(type, now);
    }
    story_.most_processors = std::max(story_.most_processors, shares.totals().processors);
  }

  void add(std::size_t type, Instant now) {
    const TypePlan& plan = plan_.types[type];
    Machine machine{.state = State::starting, .managed_here = true, .type = static_cast<std::int32_t>(type)};
    machine.processors = plan.rules.machine_processors;
    if (plan.rules.hs06_per_processor)
      machine.hs06 = *plan.rules.hs06_per_processor * static_cast<double>(machine.processors);
    machine.created = now;
    const double boots = static_cast<double>(plan_.boot.count()) * (0.5 + chance(random_));
    machines_.push_back(machine);
    fates_.push_back(
        {.runs_at = now + seconds{std::llround(boots)}, .comes_up = chance(random_) >= plan.fails_at_boot});
  }

  void account(seconds span) {
    for (const Machine& machine : machines_)
      if (machine.state == State::running)
        story_of(machine).processor_hours +=
            static_cast<double>(machine.processors) * static_cast<double>(span.count()) / 3'600;
  }

  void sample(Instant now) {
    const Totals totals = totals_of(machines_, rules_, 0, now);
    for (std::size_t i = 0; i < totals.types.size(); ++i)
      story_.types[i].curve.push_back({now, totals.types[i].running_processors, totals.types[i].starting_processors});
  }

  const SpacePlan& plan_;
  std::mt19937_64 random_;
  std::vector<ShareRules> rules_;
  std::vector<TypeHistory> histories_;
  std::vector<double> waiting_;
  std::vector<Machine> machines_;
  std::vector<Fate> fates_;
  SpaceStory story_;
};

}  // namespace

Result<Story> run(const Plan& plan) {
  if (plan.length <= seconds{0} || plan.cycle <= seconds{0} || plan.sample <= seconds{0})
    return fail(Kind::invalid, "a simulation needs a length, a cycle and a time between samples above 0");
  Story story;
  std::mt19937_64 seeds(plan.seed);
  // Spaces know nothing of each other, so each is told to its end: its machines stay in the processor's cache.
  for (const auto& space : plan.spaces) {
    SpaceWorld world(space, seeds());
    Instant next_sample{};
    for (Instant now{}; now < Instant{plan.length}; now += plan.cycle) {
      const bool samples = now >= next_sample;
      if (samples) next_sample = now + plan.sample;
      world.cycle(now, plan.cycle, samples);
    }
    story.spaces.push_back(std::move(world).told());
  }
  return story;
}

}  // namespace nephele::fleet::simulation
