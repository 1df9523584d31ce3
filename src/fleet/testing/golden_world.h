// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "fleet/deletion.h"
#include "fleet/shares.h"
#include "fleet/stop.h"

/// The world of the contract's golden scenarios (vcycle, 8): one space, a cycle each minute, machines that come up by
/// the next one.
namespace nephele::fleet::testing {

inline Instant at(std::int64_t second) {
  return Instant{seconds{second}};
}

class GoldenWorld {
 public:
  struct Type {
    ShareRules rules{.target_share = 1, .backoff = seconds{600}, .fizzle = seconds{600}};
    TypeHistory history = {};
  };

  explicit GoldenWorld(std::int64_t limit, std::uint64_t seed = 1) : seed_(seed) { space.processors_limit = limit; }

  std::size_t add(const ShareRules& rules) {
    types.push_back({.rules = rules});
    return types.size() - 1;
  }
  static ShareRules type(double share) {
    return {.target_share = share, .backoff = seconds{600}, .fizzle = seconds{600}};
  }

  /// `how_many` machines of those that run since `since` end with `message`, before the cycle that comes next.
  void stop(std::size_t how_many, std::int64_t since, std::string message) {
    stops_.push_back({how_many, at(since), std::move(message)});
  }

  /// One cycle; how many machines of each type it made.
  std::vector<std::int64_t> cycle(std::int64_t second) {
    const Instant now = at(second);
    come_up(now);
    end_some(now);
    std::vector<ShareRules> rules;
    std::vector<TypeHistory> histories;
    for (const auto& type : types) rules.push_back(type.rules);
    deal_with_stops(now);
    for (const auto& type : types) histories.push_back(type.history);
    const Totals totals = totals_of(machines, rules, foreign, now);
    std::erase_if(machines, [&](const Machine& machine) {
      const Lifetime lifetime{.fizzle = rules[static_cast<std::size_t>(machine.type)].fizzle};
      return deletion_of(machine, &lifetime, space.shutdown, now).has_value();
    });
    Shares shares(space, rules, histories, totals, now, seed_++);
    std::vector<std::int64_t> made(types.size());
    for (last = shares.choose(); last.type; last = shares.choose()) {
      const std::size_t type = *last.type;
      if (refuses) {
        shares.refused(type);
        ++refusals;
        ++types[type].history.failures;
        types[type].history.last_failure = now;
        continue;
      }
      shares.created(type);
      ++made[type];
      Machine machine{.state = State::starting, .managed_here = true, .type = static_cast<std::int32_t>(type)};
      machine.processors = rules[type].machine_processors;
      if (rules[type].hs06_per_processor)
        machine.hs06 = *rules[type].hs06_per_processor * static_cast<double>(machine.processors);
      machine.created = now;
      machines.push_back(machine);
    }
    return made;
  }

  /// Machines of each type.
  std::vector<std::int64_t> count() const {
    std::vector<std::int64_t> out(types.size());
    for (const auto& machine : machines) ++out[static_cast<std::size_t>(machine.type)];
    return out;
  }

  SpaceRules space;
  std::vector<Type> types;
  std::vector<Machine> machines;
  std::int64_t foreign = 0;
  bool stay_starting = false;
  bool refuses = false;
  std::int64_t refusals = 0;
  std::int64_t hints = 0, records = 0;
  Choice last;

 private:
  struct Stopping {
    std::size_t how_many;
    Instant since;
    std::string message;
  };

  void come_up(Instant now) {
    if (stay_starting) return;
    for (auto& machine : machines)
      if (machine.state == State::starting) {
        machine.state = State::running;
        machine.started = now;
      }
  }
  void end_some(Instant now) {
    for (auto& stopping : stops_)
      for (auto& machine : machines) {
        if (stopping.how_many == 0 || machine.started != stopping.since || machine.state != State::running) continue;
        machine.state = State::shut_down;
        machine.updated = now;
        messages_.push_back(stopping.message);
        --stopping.how_many;
      }
    stops_.clear();
  }
  void deal_with_stops(Instant now) {
    for (auto& machine : machines) {
      if (machine.state != State::shut_down || machine.stopped) continue;
      auto& type = types[static_cast<std::size_t>(machine.type)];
      machine.stopped = machine.updated.value_or(now);
      const auto verdict =
          judge_stop({.started = machine.started, .stopped = *machine.stopped, .message = messages_.front()},
                     {.fizzle = type.rules.fizzle, .last_abort = type.history.last_abort});
      messages_.erase(messages_.begin());
      if (verdict.abort != Abort::none) type.history.last_abort = machine.stopped;
      if (verdict.hint) ++hints;
      if (verdict.accounted) ++records;
    }
  }

  std::uint64_t seed_;
  std::vector<Stopping> stops_;
  std::vector<std::string> messages_;
};

}  // namespace nephele::fleet::testing
