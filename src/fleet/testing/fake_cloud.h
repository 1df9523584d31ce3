// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fleet/cloud.h"

/// A cloud that is rows of a vector, for tests of the cycle: what happens on it is for the test to say.
namespace nephele::fleet::testing {

class FakeCloud final : public Cloud {
 public:
  CloudAbilities abilities() const override { return can; }
  Task<Result<CloudFacts>> facts(SteadyTime) override {
    if (facts_error) co_return fail(*facts_error);
    co_return known;
  }
  Task<Result<std::vector<CloudMachine>>> list(SteadyTime deadline) override {
    if (silent) {
      co_await sleep_until(deadline + std::chrono::hours(1));
    }
    if (list_error) co_return fail(*list_error);
    auto out = machines;
    std::erase_if(out, [this](const CloudMachine& m) { return m.name == left_out; });
    co_return out;
  }
  Task<Result<std::string>> create(NewMachine wanted, SteadyTime) override {
    ++creations;
    last = wanted;
    if (create_error && !happens_anyway) co_return fail(*create_error);
    CloudMachine machine{.id = "u-" + std::to_string(++made), .name = wanted.name, .state = State::starting};
    machine.machinetype = wanted.machinetype;
    machine.processors = wanted.flavor.processors;
    machine.created = now;
    machines.push_back(machine);
    most = std::max(most, processors());
    if (create_error) co_return fail(*create_error);
    co_return machine.id;
  }
  Task<Result<>> remove(MachineHandle machine, SteadyTime) override {
    ++removals;
    if (remove_error) co_return fail(*remove_error);
    for (const auto& each : machines)
      if (each.name == machine.name && (each.state == State::running || each.state == State::starting))
        killed.push_back(each.id);
    std::erase_if(machines, [&](const CloudMachine& m) { return m.name == machine.name; });
    co_return Result<>{};
  }

  std::int64_t processors() const {
    std::int64_t out = 0;
    for (const auto& machine : machines) out += machine.processors.value_or(1);
    return out;
  }
  void all_run() {
    for (auto& machine : machines)
      if (machine.state == State::starting) {
        machine.state = State::running;
        machine.started = machine.updated = now;
      }
  }
  /// Those that have run for `life` stop by themselves.
  void end_after(seconds life) {
    for (auto& machine : machines)
      if (machine.state == State::running && machine.started && now - *machine.started >= life) {
        machine.state = State::shut_down;
        machine.updated = *machine.started + life;
        ended.push_back(machine.id);
      }
  }

  CloudAbilities can;
  CloudFacts known{.flavors = {{.name = "small"}, {.name = "large", .processors = 4}}};
  std::vector<CloudMachine> machines;
  Instant now{};
  std::optional<Error> facts_error, list_error, create_error, remove_error;
  bool happens_anyway = false;  ///< the creation whose answer is an error
  bool silent = false;
  std::string left_out;  ///< of the listing
  int creations = 0, removals = 0, made = 0;
  std::int64_t most = 0;
  std::optional<NewMachine> last;
  std::vector<std::string> ended, killed;  ///< by themselves; removed before that
};

}  // namespace nephele::fleet::testing
