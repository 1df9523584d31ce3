// SPDX-License-Identifier: Apache-2.0
#include "compute/recovery.h"

namespace nephele::compute {

namespace {

using What = MachineEvent::What;

Reaction failed(const Server& server, std::string reason, int recoveries, int recoveries_max) {
  Reaction reaction{.changes = true, .observed = Observed::error, .reason = std::move(reason), .what = "error"};
  if (server.activity != Activity::none) {
    reaction.what = "";  // the worker tells how its operation ended
  } else if (recoveries < recoveries_max) {
    reaction.follow = Reaction::Follow::recover;
  } else {
    reaction.follow = Reaction::Follow::give_up;
    reaction.reason += "; not started again, because it has failed too often in a short time";
  }
  return reaction;
}

/// Ready already, though the worker that started it has not come to its end: what ends it now is the guest's own wish,
/// since a worker that stops a machine makes a new generation first.
bool has_been_ready(const Server& server) {
  const bool starts = server.activity == Activity::building || server.activity == Activity::restarting;
  return starts && server.observed == Observed::ready;
}

}  // namespace

Reaction react(const Server& server, const MachineEvent& event, int recoveries, int recoveries_max) {
  if (event.generation != server.generation || server.activity == Activity::removing) return {};
  const bool worker_busy = server.activity != Activity::none;
  switch (event.what) {
    case What::ready:
      if (server.observed == Observed::ready) return {};
      return {.changes = true, .observed = Observed::ready, .reason = "", .what = worker_busy ? "" : "ready"};
    case What::guest_reboot:
      return {.changes = false, .what = "guest_reboot"};
    case What::guest_shutdown:
      return {.changes = true,
              .observed = Observed::stopped,
              .reason = "the guest shut itself down",
              .stays_stopped = !worker_busy || has_been_ready(server),
              .what = worker_busy ? "" : "stopped"};
    case What::crashed:
      return failed(server, event.reason.empty() ? "the machine ended unexpectedly" : event.reason, recoveries,
                    recoveries_max);
    case What::panicked:
      return failed(server, "the guest's kernel panicked", recoveries, recoveries_max);
    case What::io_error:
      return {.changes = true,
              .observed = Observed::error,
              .reason = event.reason.empty() ? "a disk error paused the machine" : event.reason,
              .what = worker_busy ? "" : "error"};
    case What::io_resumed:
      return {.changes = true, .observed = Observed::ready, .reason = "", .what = worker_busy ? "" : "ready"};
  }
  return {};
}

}  // namespace nephele::compute
