// SPDX-License-Identifier: Apache-2.0
#include "compute/placement.h"

#include <fmt/format.h>

namespace nephele::compute {

namespace {

/// 504 in the contract of runtimes: what stands behind the one who was asked does not answer.
Error nobody_drives(std::string_view why, std::string_view where) {
  return {Kind::timeout, fmt::format("no process drives machines{}; start `nephele serve compute` {}", why, where)};
}

/// What is left for guests; nothing (a difference of Bytes is never negative) when more is promised than there is.
Bytes memory_left(const Candidate& candidate) {
  const auto& [driver, reserved] = candidate;
  return driver.capacity.memory - (reserved.memory + driver.capacity.overhead_per_machine * reserved.machines);
}

}  // namespace

std::optional<Error> silence_of(const Driver& driver, const Look& look) {
  if (driver.said == Time{}) return nobody_drives(": the one of " + driver.host + " was stopped", "there");
  if (look.now - driver.said <= look.silence) return std::nullopt;
  const auto silent = std::chrono::duration_cast<std::chrono::seconds>(look.now - driver.said);
  return nobody_drives(fmt::format(": {} has said nothing for {} s", driver.host, silent.count()), "there");
}

Result<Driver> choose_driver(std::span<const Candidate> candidates, const Sizes& sizes,
                             const std::optional<DriverId>& only, const Look& look) {
  const Candidate* best = nullptr;
  std::optional<Error> silent;
  std::optional<Error> full;
  Bytes full_left;
  for (const auto& candidate : candidates) {
    if (only && candidate.driver.id != *only) continue;
    if (auto reason = silence_of(candidate.driver, look)) {
      silent = std::move(reason);
      continue;
    }
    const Bytes left = memory_left(candidate);
    if (auto reason = does_not_fit(candidate.driver.capacity, candidate.reserved, std::nullopt, sizes)) {
      if (!full || left > full_left) {
        full = std::move(reason);
        full_left = left;
      }
      continue;
    }
    if (best == nullptr || left > memory_left(*best)) best = &candidate;
  }
  if (best != nullptr) return best->driver;
  if (full) return fail(std::move(*full));
  if (silent) return fail(std::move(*silent));
  return fail(nobody_drives("", "on the host that is to run them"));
}

}  // namespace nephele::compute
