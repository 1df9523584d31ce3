// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "fleet/files.h"

namespace nephele::fleet {

/// What this host's clocks say.
struct ClockReading {
  Instant wall{};
  seconds uptime{};  ///< since the boot, sleep included: nobody sets it
  std::string boot = {};
};
ClockReading read_clocks();

struct WatchedTime {
  Instant now{};
  std::optional<seconds> jumped =
      {};  ///< how far the host's clock is from there: it has jumped and is not believed yet
};

/// The time that a fleet lives by: that of the host's clock, as long as it goes as the uptime does. A clock that jumps
/// must not end machines before their time, so a jump is followed once it has stood for a day. Kept in /var/lib/vcycle,
/// for the next cycle and for another process; whoever knows that the clock is right now removes the file "clock"
/// there.
WatchedTime watched_time(const Files& files, const ClockReading& reading);

}  // namespace nephele::fleet
