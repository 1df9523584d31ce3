// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "fleet/model.h"

namespace nephele::fleet {

/// May this manager take a machine whose manager was heard of at `heartbeat`? After one to two hours of silence; where
/// between is drawn (`chance` from 0 up to 1), so that several do not all reach for it at once. (contract vcycle 2.10)
constexpr bool may_take_over(std::optional<Instant> heartbeat, double chance, Instant now) noexcept {
  constexpr double hour = 3'600;
  if (!heartbeat) return true;
  return static_cast<double>((now - *heartbeat).count()) > hour * (1 + chance);
}

/// Is this no time at which a manager can have been heard of? Clocks differ by less than that.
constexpr bool is_beyond_belief(Instant heartbeat, Instant now) noexcept {
  return heartbeat > now + seconds{3'600};
}

}  // namespace nephele::fleet
