// SPDX-License-Identifier: Apache-2.0
#include "fleet/totals.h"

namespace nephele::fleet {

namespace {

/// A machine whose first seconds are not over may still turn out to achieve nothing.
bool may_fizzle(const Machine& machine, seconds fizzle, Instant now) {
  if (machine.state == State::starting) return true;
  return machine.state == State::running && (!machine.started || now - *machine.started < fizzle);
}

}  // namespace

double weight_of(std::int64_t processors, std::optional<double> hs06, double target_share) {
  return hs06.value_or(static_cast<double>(processors)) / target_share;
}

Totals totals_of(std::span<const Machine> machines, std::span<const ShareRules> types, std::int64_t foreign_processors,
                 Instant now) {
  Totals out{.types = std::vector<TypeTotals>(types.size()), .processors = foreign_processors};
  for (const Machine& machine : machines) {
    const bool running = machine.state == State::running;
    ++out.machines;
    out.processors += machine.processors;
    if (running) {
      ++out.running_machines;
      out.running_processors += machine.processors;
    }
    if (machine.type < 0) continue;
    const auto at = static_cast<std::size_t>(machine.type);
    const ShareRules& rules = types[at];
    TypeTotals& type = out.types[at];
    ++type.machines;
    type.processors += machine.processors;
    if (rules.target_share > 0) type.weight += weight_of(machine.processors, machine.hs06, rules.target_share);
    if (machine.state == State::starting) {
      ++type.starting_machines;
      type.starting_processors += machine.processors;
    }
    if (running) {
      ++type.running_machines;
      type.running_processors += machine.processors;
      type.running_hs06 += machine.hs06.value_or(0);
    }
    if (may_fizzle(machine, rules.fizzle, now)) ++type.not_passed_fizzle;
  }
  return out;
}

}  // namespace nephele::fleet
