// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "fleet/model.h"

namespace nephele::fleet {

/// Why a machine is to be deleted.
enum class DeletionReason : std::uint8_t {
  failed_to_start,
  has_ended,
  wallclock,  ///< it has had max_wallclock_seconds
  heartbeat,  ///< it no longer shows that it works
  shutdown,   ///< its shutdown time, or the space's, has passed
};

/// What stands in joboutputs/shutdown_message of a machine that we end; empty where the machine ended by itself. What
/// the machine wrote there itself stays.
std::string_view message_of(DeletionReason reason) noexcept;

/// How long a machine may be on its way up.
inline constexpr seconds starting_limit{3'600};

/// After so many attempts that did not make it go, the next one waits that long: 1, 2, 4 ... 60 minutes. Where nobody
/// counted (state of older managers): an hour.
seconds deletion_pause(std::int32_t attempts) noexcept;

/// Is this machine to be deleted now? (contract vcycle 2.5, 8.4) `lifetime` is its type's, or what was written down
/// when it was made; null when neither is known. `space_shutdown` is the space's shutdown_time.
std::optional<DeletionReason> deletion_of(const Machine& machine, const Lifetime* lifetime,
                                          std::optional<Instant> space_shutdown, Instant now) noexcept;

}  // namespace nephele::fleet
