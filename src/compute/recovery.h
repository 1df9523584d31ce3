// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "compute/backend.h"
#include "compute/model.h"

/// What an event of a machine means for its server. Pure.
namespace nephele::compute {

/// What to write and what to do.
struct Reaction {
  enum class Follow : std::uint8_t { nothing, recover, give_up };
  bool changes = false;  ///< false: only told, or stale
  Observed observed = Observed::error;
  std::string reason = {};
  bool stays_stopped = false;  ///< the guest wanted it: not started again by itself
  std::string_view what = {};  ///< of compute.server_changed; empty: nobody is told
  Follow follow = Follow::nothing;
};

/// `recoveries` of the window so far, at most `recoveries_max` are tried. While a worker is busy with the server, the
/// worker decides what follows.
Reaction react(const Server& server, const MachineEvent& event, int recoveries, int recoveries_max);

}  // namespace nephele::compute
