// SPDX-License-Identifier: Apache-2.0
// What the fleet's rules cost. `fleet_rules rules`: milliseconds to decide on 100,000 machines. `fleet_rules simulate`:
// seconds for a day of one-minute cycles over as many, in 50 spaces.
#include <chrono>
#include <cstdio>
#include <string_view>

#include "fleet/deletion.h"
#include "fleet/shares.h"
#include "fleet/simulation.h"

namespace {

using namespace nephele::fleet;  // NOLINT(google-build-using-namespace): a program of its own

constexpr std::int64_t spaces = 50;
constexpr std::int64_t machines_of_space = 2'000;
constexpr std::int64_t types = 4;

double since(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

ShareRules rules_of(std::int64_t type) {
  return {.target_share = static_cast<double>(type + 1), .backoff = seconds{600}, .fizzle = seconds{600}};
}

/// All machines run but one in twenty, which have just ended.
std::vector<Machine> machines_at(Instant now) {
  std::vector<Machine> out(machines_of_space);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i].managed_here = true;
    out[i].type = static_cast<std::int32_t>(i % types);
    out[i].state = i % 20 == 0 ? State::shut_down : State::running;
    out[i].created = out[i].started = now - seconds{static_cast<std::int64_t>(i) * 20};
  }
  return out;
}

double decide_all() {
  const Instant now{seconds{1'800'000'000}};
  const auto machines = machines_at(now);
  std::vector<ShareRules> rules;
  for (std::int64_t type = 0; type < types; ++type) rules.push_back(rules_of(type));
  const std::vector<TypeHistory> histories(types);
  const Lifetime lifetime{.fizzle = seconds{600}};
  std::size_t deletions = 0, creations = 0;
  const auto began = std::chrono::steady_clock::now();
  for (std::int64_t space = 0; space < spaces; ++space) {
    const SpaceRules limits{.processors_limit = machines_of_space + 200};
    auto totals = totals_of(machines, rules, 0, now);
    for (const auto& machine : machines) deletions += deletion_of(machine, &lifetime, {}, now).has_value() ? 1 : 0;
    Shares shares(limits, rules, histories, std::move(totals), now, static_cast<std::uint64_t>(space));
    for (auto choice = shares.choose(); choice.type; choice = shares.choose()) {
      shares.created(*choice.type);
      ++creations;
    }
  }
  const double took = since(began);
  if (deletions != spaces * machines_of_space / 20 || creations == 0) return -1;  // nothing was measured
  return took * 1'000;
}

double simulate() {
  simulation::Plan plan;
  for (std::int64_t space = 0; space < spaces; ++space) {
    auto& each = plan.spaces.emplace_back();
    each.rules.processors_limit = machines_of_space;
    for (std::int64_t type = 0; type < types; ++type)
      each.types.push_back(
          {.name = std::to_string(type), .rules = rules_of(type), .lifetime = {.fizzle = seconds{600}}});
  }
  const auto began = std::chrono::steady_clock::now();
  const auto story = simulation::run(plan);
  return story ? since(began) : -1;
}

}  // namespace

int main(int count, char** arguments) {
  const std::string_view what = count == 2 ? arguments[1] : "";
  if (what != "rules" && what != "simulate") {
    std::fputs("usage: fleet_rules rules|simulate\n", stderr);
    return 2;
  }
  const double figure = what == "rules" ? decide_all() : simulate();
  std::printf("%.3f\n", figure);
  return figure < 0 ? 1 : 0;
}
