// SPDX-License-Identifier: Apache-2.0
#include "compute/bring_up.h"

#include <algorithm>

namespace nephele::compute {

namespace {

constexpr int address_tries = 8;
constexpr std::chrono::seconds look_again{1};

Task<Result<Server>> load(Compute::Impl& impl, ServerId id) {
  co_return co_await impl.database.read([&](sql::Tx& tx) -> Result<Server> {
    if (auto server = store::find(tx, id)) return std::move(*server);
    return fail(Kind::not_found, "server " + id.text() + " is gone");
  });
}

Task<Result<>> exchange_address(Compute::Impl& impl, operations::Work& work, ServerId id) {
  const Time now = impl.clock.now();
  Result<std::string> fresh = fail(Kind::internal, "not asked");
  CO_TRY_VOID(co_await work.write([&](sql::Tx& tx) {
    const auto server = store::find_to_change(tx, id);
    if (!server) return;
    store::rest_address(tx, server->address, now + impl.settings.address_rest);
    fresh = impl.allocate_address(tx, server->driver, id);
    if (fresh) store::set_address(tx, id, *fresh, now);
  }));
  if (!fresh) co_return fail(Kind::unavailable, fresh.error().sentence());  // resting ones are free again soon
  impl.log.warn("server.address_taken", {{"server", id}, {"new_address", *fresh}});
  co_return Result<>{};
}

Task<Result<>> start_process(Compute::Impl& impl, operations::Work& work, ServerId id) {
  for (int tries = 1;; ++tries) {
    CO_TRY(const auto spec, co_await load_spec(impl, id));
    auto started = co_await impl.backend().start(spec);
    if (started) co_return Result<>{};
    if (started.error().detail("address").empty()) co_return started;
    // Others may let go of what they hold: that is worth another attempt later.
    if (tries == address_tries) co_return fail(Kind::unavailable, started.error().sentence());
    CO_TRY_VOID(co_await exchange_address(impl, work, id));
  }
}

/// It was ready, and its guest has shut it down before its worker saw that (recovery.h).
bool shut_down_by_guest(const Server& server) {
  return server.observed == Observed::stopped && server.desired == Desired::stopped;
}

Task<Result<>> note_started(Compute::Impl& impl, operations::Work& work, ServerId id) {
  const Time now = impl.clock.now();
  co_return co_await work.write([&](sql::Tx& tx) {
    const auto server = store::find_to_change(tx, id);
    if (!server) return;
    store::set_sizes(tx, id, server->sizes, server->sizes.memory, now);
    if (server->observed == Observed::ready || shut_down_by_guest(*server)) return;
    store::set_observed(tx, id, Observed::starting, "", now);
    impl.tell(tx, id, "started", "", server->generation);
  });
}

/// READY may have been said while nobody listened: ask the machine itself now and then. `stopped`: it was so at the
/// last look; whether it had been ready before is told by its events, which may be on their way.
Task<Result<>> note_if_ready(Compute::Impl& impl, operations::Work& work, const Server& server, bool& stopped) {
  CO_TRY(const auto state, co_await impl.backend().state(server.id));
  if (state.power == MachineState::Power::absent)
    co_return fail(Kind::unavailable, "the machine ended before its guest was ready");
  if (state.power == MachineState::Power::failed) co_return fail(Kind::internal, state.reason);
  if (state.power == MachineState::Power::stopped && std::exchange(stopped, true))
    co_return fail(Kind::internal, "the guest shut itself down");
  if (state.power != MachineState::Power::ready) co_return Result<>{};
  const Time now = impl.clock.now();
  co_return co_await work.write([&](sql::Tx& tx) {
    const auto known = store::find_to_change(tx, server.id);
    // What has been told since is younger than our look.
    if (known && known->observed == server.observed && known->generation == server.generation)
      store::set_observed(tx, server.id, Observed::ready, "", now);
  });
}

Task<Result<>> await_ready(Compute::Impl& impl, operations::Work& work, ServerId id) {
  const auto deadline = in(impl.settings.ready_within);
  const auto news = impl.changed.join(co_await this_executor(), id);
  auto next_look = in(look_again);
  bool stopped = false;
  for (;;) {
    CO_TRY(const auto server, co_await load(impl, id));
    if (server.observed == Observed::ready) co_return Result<>{};
    if (shut_down_by_guest(server)) co_return Result<>{};
    if (server.observed == Observed::error || server.observed == Observed::stopped)
      co_return fail(Kind::internal, server.reason);
    if (std::chrono::steady_clock::now() >= deadline) {
      (void)co_await impl.backend().stop(id, std::chrono::seconds(0));
      co_return fail(Kind::internal, "the guest did not say READY within " +
                                         std::to_string(impl.settings.ready_within.count()) +
                                         " s; see its console log");
    }
    if (std::chrono::steady_clock::now() >= next_look) {
      CO_TRY_VOID(co_await note_if_ready(impl, work, server, stopped));
      next_look = in(look_again);
      continue;
    }
    co_await news->wait_until(std::min(deadline, next_look));
  }
}

}  // namespace

Task<Result<MachineSpec>> load_spec(Compute::Impl& impl, ServerId id) {
  co_return co_await impl.database.read([&](sql::Tx& tx) -> Result<MachineSpec> {
    const auto server = store::find(tx, id);
    if (!server) return fail(Kind::not_found, "server " + id.text() + " is gone");
    return impl.spec_of(tx, *server);
  });
}

Task<Result<>> bring_up(Compute::Impl& impl, operations::Work& work, ServerId id) {
  // Not skipped when recorded: after a crash of the host the process is gone and must be started again.
  (void)work.starts("start");
  CO_TRY_VOID(co_await start_process(impl, work, id));
  CO_TRY_VOID(co_await note_started(impl, work, id));
  CO_TRY_VOID(co_await work.finished("start"));
  (void)work.starts("ready");
  CO_TRY_VOID(co_await await_ready(impl, work, id));
  co_return co_await work.finished("ready");
}

Task<Result<>> finish_ready(Compute::Impl& impl, operations::Work& work, ServerId id, std::string_view what) {
  const Time now = impl.clock.now();
  const std::string told(what);
  co_return co_await work.finish_with([&](sql::Tx& tx) {
    const auto server = store::find_to_change(tx, id);
    if (!server || server->desired == Desired::deleted) return;
    store::set_activity(tx, id, Activity::none, now);
    impl.tell(tx, id, told, "", server->generation);
    if (server->observed == Observed::stopped) impl.tell(tx, id, "stopped", server->reason, server->generation);
  });
}

}  // namespace nephele::compute
