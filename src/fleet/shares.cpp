// SPDX-License-Identifier: Apache-2.0
#include "fleet/shares.h"

#include <algorithm>
#include <numeric>

namespace nephele::fleet {

namespace {

/// A draw from 0 to `last` that is the same on every system, which std::uniform_int_distribution need not be.
std::size_t draw(std::mt19937_64& random, std::size_t last) {
  return static_cast<std::size_t>(random() % (last + 1));
}

bool exceeds(std::int64_t now, std::int64_t more, std::optional<std::int64_t> limit) noexcept {
  return limit && now + more > *limit;
}

}  // namespace

std::int64_t processors_per_cycle(std::int64_t limit) noexcept {
  return (limit + 9) / 10;
}

seconds failure_pause(std::int32_t failures) noexcept {
  constexpr seconds longest{3'600};
  if (failures <= 0) return seconds{0};
  return std::min(longest, seconds{60} * (std::int64_t{1} << std::min(failures - 1, 6)));
}

std::optional<Blocked> held_back(const ShareRules& rules, const TypeHistory& history, std::int64_t not_passed_fizzle,
                                 Instant now) noexcept {
  if (history.last_abort) {
    const Instant probation = *history.last_abort + rules.backoff;
    if (now < probation) return Blocked::backoff;
    if (now < probation + rules.fizzle && not_passed_fizzle > 0) return Blocked::probing;
  }
  if (history.last_failure && now < *history.last_failure + failure_pause(history.failures)) return Blocked::failing;
  return std::nullopt;
}

Shares::Shares(const SpaceRules& space, std::span<const ShareRules> types, std::span<const TypeHistory> histories,
               Totals totals, Instant now, std::uint64_t seed)
    : space_(space),
      types_(types),
      histories_(histories),
      totals_(std::move(totals)),
      now_(now),
      random_(seed),
      order_(types.size()),
      refused_(types.size()) {
  std::iota(order_.begin(), order_.end(), std::size_t{0});
}

std::optional<Ended> Shares::over() const noexcept {
  if (space_.draining) return Ended::draining;
  if (space_.shutdown && *space_.shutdown < now_) return Ended::shutdown_passed;
  if (!space_.processors_limit) return Ended::no_limit;
  if (totals_.processors >= *space_.processors_limit) return Ended::space_full;
  if (space_.machines_limit && totals_.machines >= *space_.machines_limit) return Ended::machines_full;
  if (added_ >= processors_per_cycle(*space_.processors_limit)) return Ended::cycle_full;
  return std::nullopt;
}

bool Shares::fits_its_pipe(const ShareRules& rules) const noexcept {
  if (rules.pipe == 0 || (!rules.pipe_processors_limit && !rules.pipe_machines_limit)) return true;
  std::int64_t processors = 0, machines = 0;
  for (std::size_t i = 0; i < types_.size(); ++i) {
    if (types_[i].pipe != rules.pipe) continue;
    processors += totals_.types[i].processors;
    machines += totals_.types[i].machines;
  }
  return !exceeds(processors, rules.machine_processors, rules.pipe_processors_limit) &&
         !exceeds(machines, 1, rules.pipe_machines_limit);
}

std::optional<Blocked> Shares::blocked(std::size_t type) const noexcept {
  const ShareRules& rules = types_[type];
  const TypeTotals& has = totals_.types[type];
  const std::int64_t more = rules.machine_processors;
  if (!(rules.target_share > 0)) return Blocked::no_share;
  if (refused_[type]) return Blocked::refused;
  if (exceeds(totals_.processors, more, space_.processors_limit)) return Blocked::space_full;
  if (exceeds(has.processors, more, rules.processors_limit)) return Blocked::type_full;
  if (exceeds(has.machines, 1, rules.machines_limit)) return Blocked::type_machines_full;
  if (!fits_its_pipe(rules)) return Blocked::pipe_full;
  const auto starting = rules.max_starting_processors ? rules.max_starting_processors : rules.processors_limit;
  if (exceeds(has.starting_processors, more, starting)) return Blocked::starting_full;
  return held_back(rules, histories_[type], has.not_passed_fizzle, now_);
}

Choice Shares::choose() {
  Choice out;
  out.ended = over();
  if (out.ended) return out;
  for (std::size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[draw(random_, i - 1)]);
  out.candidates.reserve(order_.size());
  for (const std::size_t type : order_) {
    out.candidates.push_back({type, blocked(type)});
    if (out.candidates.back().blocked) continue;
    if (!out.type || totals_.types[type].weight < totals_.types[*out.type].weight) out.type = type;
  }
  if (!out.type) out.ended = Ended::no_candidate;
  return out;
}

void Shares::created(std::size_t type) {
  const ShareRules& rules = types_[type];
  TypeTotals& has = totals_.types[type];
  const std::int64_t more = rules.machine_processors;
  added_ += more;
  ++totals_.machines;
  totals_.processors += more;
  ++has.machines;
  has.processors += more;
  ++has.starting_machines;
  has.starting_processors += more;
  ++has.not_passed_fizzle;
  std::optional<double> hs06;
  if (rules.hs06_per_processor) hs06 = *rules.hs06_per_processor * static_cast<double>(more);
  has.weight += weight_of(more, hs06, rules.target_share);
}

void Shares::refused(std::size_t type) {
  refused_[type] = true;
}

}  // namespace nephele::fleet
