// SPDX-License-Identifier: Apache-2.0
// What happens without anybody asking: events of machines, and the comparison of rows with machines at the start.
#include <boost/asio/post.hpp>
#include <map>

#include "compute/impl.h"

namespace nephele::compute {

namespace {

constexpr std::chrono::seconds event_retry{1};
constexpr std::string_view pool_fact = "address_pool";
constexpr std::string_view installation_fact = "installation";

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
    const auto server = store::find(tx, event.id);
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
      enqueue_start(tx, event.id, reaction.reason, settings.recover_after);
    }
  });
  if (written && (reaction.changes || !reaction.what.empty()))
    log.info("machine.event",
             {{"server", event.id}, {"observed", to_string(reaction.observed)}, {"reason", reaction.reason}});
  co_return written;
}

Task<Result<>> Compute::Impl::start() {
  CO_TRY_VOID(co_await draw_pool());
  CO_TRY_VOID(co_await reconcile());
  loops_.spawn(event_loop());
  co_return Result<>{};
}

Task<> Compute::Impl::stop() {
  co_await backend.stop_watching();
  co_await loops_.stop();
}

/// The range of addresses and the id of this installation: drawn once, proved by binding, kept.
Task<Result<>> Compute::Impl::draw_pool() {
  CO_TRY(auto facts, co_await database.read([](sql::Tx& tx) {
    return std::pair(store::fact(tx, pool_fact), store::fact(tx, installation_fact));
  }));
  std::optional<AddressPool> pool;
  const std::string wanted = !settings.address_pool.empty() ? settings.address_pool : facts.first.value_or("");
  if (!wanted.empty()) {
    CO_TRY(pool, AddressPool::parse(wanted));
  }
  constexpr int draws = 64;
  Result<> proof = fail(Kind::unavailable, "no address range could be drawn");
  for (int draw = 0; !pool && draw < draws; ++draw) {
    const auto drawn = AddressPool::drawn(static_cast<unsigned char>(random_bytes(1)[0]));
    proof = backend.probe_address(drawn.at(0), {8000});
    if (proof) pool = drawn;
  }
  if (!pool) co_return fail(Error(proof.error()).about("no range of loopback addresses is free"));
  installation_ = facts.second.value_or(random_uuid());
  pool_ = pool;
  co_return co_await database.write([&](sql::Tx& tx) {
    store::set_fact(tx, pool_fact, pool_->text());
    store::set_fact(tx, installation_fact, installation_);
  });
}

Task<Result<>> Compute::Impl::reconcile() {
  CO_TRY(const auto machines, co_await backend.list());
  std::map<ServerId, const MachineState*> by_id;
  for (const auto& machine : machines) by_id.emplace(machine.id, &machine);

  CO_TRY(const auto servers, co_await database.read([](sql::Tx& tx) { return store::all(tx); }));
  for (const auto& server : servers) {
    const auto found = by_id.find(server.id);
    const MachineState* state = found == by_id.end() ? nullptr : found->second;
    if (found != by_id.end()) by_id.erase(found);
    if (in_order(server, state)) continue;
    CO_TRY_VOID(co_await database.write([&](sql::Tx& tx) { reconcile_one(tx, server, state); }));
    if (state != nullptr && server.desired == Desired::running)
      if (auto event = missed_event(server, *state)) on_event(std::move(*event));
  }
  for (const auto& [id, machine] : by_id) {
    log.warn("machine.orphan", {{"server", id}, {"reason", "no row of the database knows it; it is removed"}});
    CO_TRY_VOID(co_await backend.remove(id));
  }
  co_return Result<>{};
}

void Compute::Impl::reconcile_one(sql::Tx& tx, const Server& server, const MachineState* state) {
  if (operations.busy(tx, object_key(server.id))) return;  // its worker goes on and looks for itself
  const Time now = clock.now();
  if (server.desired == Desired::deleted) {
    enqueue(tx, remove_kind, server.id, "nephele", "");
    return;
  }
  if (server.activity != Activity::none) store::set_activity(tx, server.id, Activity::none, now);
  if (is_gone(state) && was_up(server) && server.desired == Desired::running) {
    const std::string reason = "the machine ended while nobody watched; it is started again";
    store::set_observed(tx, server.id, Observed::error, reason, now);
    tell(tx, server.id, "error", reason, server.generation);
    enqueue_start(tx, server.id, reason, std::chrono::milliseconds(0));
    log.warn("machine.lost", {{"server", server.id}});
  }
}

}  // namespace nephele::compute
