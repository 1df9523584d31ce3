// SPDX-License-Identifier: Apache-2.0
// What happens without anybody asking: events of machines, and the comparison of rows with machines at the start.
#include <boost/asio/post.hpp>
#include <map>

#include "compute/impl.h"

namespace nephele::compute {

namespace {

constexpr std::chrono::seconds event_retry{1};

/// Nothing runs, and not because the guest wanted so: it never started, the host restarted, or `nephele stop --vms`.
bool is_gone(const MachineState* state) {
  return state == nullptr || state->power == MachineState::Power::absent ||
         (state->power == MachineState::Power::stopped && state->asked);
}

/// The event that a machine's present state amounts to, for whoever missed the event itself.
std::optional<MachineEvent> missed_event(const Server& server, const MachineState& state) {
  MachineEvent event{.id = server.id, .generation = server.generation, .reason = state.reason};
  switch (state.power) {
    case MachineState::Power::ready:
      event.what = MachineEvent::What::ready;
      return event;
    case MachineState::Power::stopped:
      if (state.asked) return std::nullopt;
      event.what = MachineEvent::What::guest_shutdown;
      return event;
    case MachineState::Power::failed:
      event.what = MachineEvent::What::crashed;
      return event;
    case MachineState::Power::starting:
    case MachineState::Power::absent:
      return std::nullopt;
  }
  return std::nullopt;
}

/// True when row and machine agree and nobody works on it: most servers, at most starts.
bool in_order(const Server& server, const MachineState* state) {
  if (server.activity != Activity::none || server.desired == Desired::deleted) return false;
  if (is_gone(state)) return server.observed != Observed::starting && server.observed != Observed::ready;
  return server.observed == Observed::ready && state->power == MachineState::Power::ready;
}

bool was_up(const Server& server) {
  return server.observed == Observed::starting || server.observed == Observed::ready;
}

}  // namespace

void Compute::Impl::on_event(MachineEvent event) {
  {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
  }
  events_bell_.ring();
}

Task<> Compute::Impl::event_loop() {
  for (;;) {
    std::optional<MachineEvent> event;
    {
      const std::lock_guard lock(mutex_);
      if (!events_.empty()) event = events_.front();
    }
    if (!event) {
      co_await events_bell_.wait_until(in(std::chrono::hours(1)));
      continue;
    }
    const auto applied = co_await apply(*event);
    if (!applied) {
      log.warn("machine.event_unwritten", {{"server", event->id}, {"reason", applied.error().sentence()}});
      co_await sleep_for(event_retry);
      continue;  // in order: nothing later overtakes it
    }
    {
      const std::lock_guard lock(mutex_);
      events_.pop_front();
    }
    changed.ring(event->id);
  }
}

Task<Result<>> Compute::Impl::apply(const MachineEvent& event) {
  const Time now = clock.now();
  Reaction reaction;
  auto written = co_await database.write([&](sql::Tx& tx) {
    reaction = {};
    const auto server = store::find_to_change(tx, event.id);
    if (!server) return;
    const int recoveries = store::recoveries_since(tx, event.id, now - settings.recoveries_window);
    reaction = react(*server, event, recoveries, settings.recoveries_max);
    if (event.sequence != 0 && !store::advance_sequence(tx, event.id, event.generation, event.sequence)) {
      reaction = {};
      return;
    }
    if (reaction.changes) store::set_observed(tx, event.id, reaction.observed, reaction.reason, now);
    if (reaction.stays_stopped) store::set_desired(tx, event.id, Desired::stopped, now);
    tell(tx, event.id, reaction.what, reaction.reason, server->generation);
    if (reaction.follow == Reaction::Follow::recover) {
      store::note_recovery(tx, event.id, now);
      enqueue_start(tx, *server, reaction.reason, settings.recover_after);
    }
  });
  if (written && (reaction.changes || !reaction.what.empty()))
    log.info("machine.event",
             {{"server", event.id}, {"observed", to_string(reaction.observed)}, {"reason", reaction.reason}});
  co_return written;
}

Task<Result<>> Compute::Impl::reconcile() {
  CO_TRY(const auto machines, co_await backend().list());
  std::map<ServerId, const MachineState*> by_id;
  for (const auto& machine : machines) by_id.emplace(machine.id, &machine);

  CO_TRY(const auto servers, co_await database.read([&](sql::Tx& tx) { return store::all_of(tx, settings.driver); }));
  for (const auto& server : servers) {
    const auto found = by_id.find(server.id);
    const MachineState* state = found == by_id.end() ? nullptr : found->second;
    if (found != by_id.end()) by_id.erase(found);
    if (in_order(server, state)) continue;
    CO_TRY_VOID(co_await database.write([&](sql::Tx& tx) { reconcile_one(tx, server, state); }));
    if (state != nullptr && server.desired == Desired::running)
      if (auto event = missed_event(server, *state)) on_event(std::move(*event));
  }
  for (const auto& [id, machine] : by_id) CO_TRY_VOID(co_await remove_orphan(id));
  co_return Result<>{};
}

/// A machine that no row knows. One that is placed elsewhere is left alone: this data directory has lost its name, or
/// is somebody else's copy, and what it holds may be the only disk of that server.
Task<Result<>> Compute::Impl::remove_orphan(ServerId id) {
  CO_TRY(const auto server, co_await database.read([&](sql::Tx& tx) { return store::find(tx, id); }));
  if (server)
    co_return fail(Kind::conflict, "the machine of server " + id.text() + " is here, but the database has it on " +
                                       server->driver.text() + " and this is " + settings.driver.text() +
                                       "; write that name into the file driver-id of the data directory, or, if the "
                                       "machine is a copy, remove its folder below servers");
  log.warn("machine.orphan", {{"server", id}, {"reason", "no row of the database knows it; it is removed"}});
  co_return co_await backend().remove(id);
}

void Compute::Impl::reconcile_one(sql::Tx& tx, const Server& server, const MachineState* state) {
  if (operations.busy(tx, object_key(server.id))) return;  // its worker goes on and looks for itself
  const Time now = clock.now();
  if (server.desired == Desired::deleted) {
    enqueue(tx, remove_kind, server, "nephele", "");
    return;
  }
  if (server.activity != Activity::none) store::set_activity(tx, server.id, Activity::none, now);
  if (is_gone(state) && was_up(server) && server.desired == Desired::running) {
    const std::string reason = "the machine ended while nobody watched; it is started again";
    store::set_observed(tx, server.id, Observed::error, reason, now);
    tell(tx, server.id, "error", reason, server.generation);
    enqueue_start(tx, server, reason, std::chrono::milliseconds(0));
    log.warn("machine.lost", {{"server", server.id}});
  }
}

}  // namespace nephele::compute
