// SPDX-License-Identifier: Apache-2.0
#include "fleet/deletion.h"

#include <algorithm>

namespace nephele::fleet {

namespace {

bool heartbeat_is_missing(const Machine& machine, const Lifetime& lifetime, Instant now) noexcept {
  if (!lifetime.has_heartbeat || !lifetime.heartbeat) return false;
  // What was sent while nobody took it is not held against it.
  const Instant begin = std::max(*machine.started, machine.heard_since.value_or(*machine.started));
  if (now <= begin + lifetime.fizzle) return false;
  const seconds age_limit = *lifetime.heartbeat;
  if (age_limit == seconds{0}) return !machine.heartbeat;  // it need have been there only once
  if (now <= begin + age_limit) return false;
  return !machine.heartbeat || *machine.heartbeat < now - age_limit;
}

std::optional<Instant> earlier(std::optional<Instant> a, std::optional<Instant> b) noexcept {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

}  // namespace

std::string_view message_of(DeletionReason reason) noexcept {
  switch (reason) {
    case DeletionReason::failed_to_start:
      return "700 Failed to start";
    case DeletionReason::has_ended:
      return "";
    case DeletionReason::wallclock:
      return "700 Exceeded max_wallclock_seconds";
    case DeletionReason::heartbeat:
      return "700 Heartbeat file not updated";
    case DeletionReason::shutdown:
      return "700 Passed shutdowntime";
  }
  return "";
}

seconds deletion_pause(std::int32_t attempts) noexcept {
  constexpr seconds longest{3'600};
  if (attempts <= 0) return longest;
  return std::min(longest, seconds{60} * (std::int64_t{1} << std::min(attempts - 1, 6)));
}

std::optional<DeletionReason> deletion_of(const Machine& machine, const Lifetime* lifetime,
                                          std::optional<Instant> space_shutdown, Instant now) noexcept {
  if (!machine.managed_here) return std::nullopt;
  // A time to come is that of a clock that has been set back since.
  if (machine.deleted && *machine.deleted <= now && *machine.deleted > now - deletion_pause(machine.deletions))
    return std::nullopt;
  if (machine.state == State::starting) {
    if (machine.created && *machine.created >= now - starting_limit) return std::nullopt;
    return DeletionReason::failed_to_start;
  }
  if (has_ended(machine.state)) return DeletionReason::has_ended;
  if (machine.state != State::running || lifetime == nullptr) return std::nullopt;
  if (machine.started && now > *machine.started + lifetime->max_wallclock) return DeletionReason::wallclock;
  if (machine.started && heartbeat_is_missing(machine, *lifetime, now)) return DeletionReason::heartbeat;
  if (const auto shutdown = earlier(machine.shutdown, space_shutdown); shutdown && now > *shutdown)
    return DeletionReason::shutdown;
  return std::nullopt;
}

}  // namespace nephele::fleet
