// SPDX-License-Identifier: Apache-2.0
// The post of a driver: one process per data directory holds it, and says in the database that it lives and what fits.
#include <algorithm>

#include "compute/impl.h"

namespace nephele::compute {

namespace {

constexpr std::string_view pool_fact = "address_pool";  // of the time before drivers
constexpr std::string_view installation_fact = "installation";
constexpr std::chrono::milliseconds look_again{500};

/// Another process spoke for this post a moment ago. The one that held our data directory before us is dead, because we
/// hold its lock; so it is a process of a copy, or of the boot before.
bool held_by_another(const store::Post& post, std::string_view hold, const Look& look) {
  return post.hold != hold && !silence_of(post.driver, look);
}

}  // namespace

Task<Result<>> Compute::Impl::start() {
  CO_TRY_VOID(co_await take_post());
  CO_TRY_VOID(co_await reconcile());
  loops_.spawn(event_loop());
  loops_.spawn(say_loop());
  co_return Result<>{};
}

Task<> Compute::Impl::stop() {
  if (!drives()) co_return;
  co_await backend().stop_watching();
  co_await loops_.stop();
  (void)co_await database.write([&](sql::Tx& tx) { store::leave_post(tx, settings.driver, instance_); });
}

Task<Result<>> Compute::Impl::take_post() {
  CO_TRY(auto facts, co_await database.read([&](sql::Tx& tx) {
    auto all = store::drivers(tx);
    auto own = store::find_driver(tx, settings.driver);
    auto pool = own ? std::optional(own->address_pool) : all.empty() ? store::fact(tx, pool_fact) : std::nullopt;
    return std::tuple(std::move(all), std::move(pool), store::fact(tx, installation_fact));
  }));
  auto& [all, own_pool, installation] = facts;
  CO_TRY(auto pool, co_await choose_pool(all, std::move(own_pool)));
  CO_TRY(const auto room, backend().capacity());
  const std::string drawn = installation.value_or(random_uuid());
  const store::Post post{.driver = {.id = settings.driver,
                                    .host = settings.host,
                                    .address_pool = std::move(pool),
                                    .capacity = room,
                                    .said = clock.now()},
                         .instance = instance_,
                         .hold = settings.hold};
  const auto until = in(settings.driver_silence + settings.driver_says_every);
  for (;;) {
    CO_TRY(const bool taken, co_await database.write([&](sql::Tx& tx) -> Result<bool> {
      store::set_fact(tx, installation_fact, drawn);
      installation_ = *store::fact(tx, installation_fact);  // ours, or of whoever was first
      return try_post(tx, post, clock.now());
    }));
    if (taken) co_return Result<>{};
    if (std::chrono::steady_clock::now() >= until)
      co_return fail(Kind::conflict, "another process drives machines as " + settings.driver.text() +
                                         ": is this data directory a copy of another one? Then remove its file "
                                         "driver-id and its machines below servers");
    log.warn("driver.post_held", {{"driver", settings.driver}, {"advice", "it is free when its holder is silent"}});
    co_await sleep_for(look_again);
  }
}

Result<bool> Compute::Impl::try_post(sql::Tx& tx, const store::Post& wanted, Time now) {
  store::lock_reservations(tx);  // two processes start at once: one after the other
  const auto before = store::find_post(tx, wanted.driver.id);
  if (before && held_by_another(*before, wanted.hold, {now, settings.driver_silence})) return false;
  const bool first = store::drivers(tx).empty();
  store::Post post = wanted;
  post.driver.said = now;
  store::take_post(tx, post);
  if (first) {
    store::adopt_servers(tx, wanted.driver.id);
    operations.hand_over(tx, settings.host, wanted.driver.id.text());
  }
  return true;
}

/// The range of addresses: as set; else as before; else drawn, proved by binding and not another driver's.
Task<Result<std::string>> Compute::Impl::choose_pool(const std::vector<Driver>& others,
                                                     std::optional<std::string> own) {
  if (!settings.address_pool.empty()) own = settings.address_pool;
  if (own) {
    CO_TRY(const auto pool, AddressPool::parse(*own));
    co_return pool.text();
  }
  constexpr int draws = 64;
  Result<> proof = fail(Kind::unavailable, "no address range could be drawn");
  for (int draw = 0; draw < draws; ++draw) {
    const auto pool = AddressPool::drawn(static_cast<unsigned char>(random_bytes(1)[0]));
    if (std::ranges::find(others, pool.text(), &Driver::address_pool) != others.end()) continue;
    proof = backend().probe_address(pool.at(0), {8000});
    if (proof) co_return pool.text();
  }
  co_return fail(Error(proof.error()).about("no range of loopback addresses is free"));
}

Task<> Compute::Impl::say_loop() {
  for (;;) {
    co_await sleep_for(settings.driver_says_every);
    const auto room = backend().capacity();
    if (!room) {  // so that nothing is admitted by numbers that may be wrong
      log.warn("driver.capacity_unknown", {{"reason", room.error().sentence()}});
      continue;
    }
    const Time now = clock.now();
    const auto said =
        co_await database.write([&](sql::Tx& tx) { return store::say(tx, settings.driver, instance_, *room, now); });
    if (!said) log.warn("driver.not_said", {{"reason", said.error().sentence()}});
    if (said && !*said)
      log.error("driver.replaced", {{"driver", settings.driver},
                                    {"advice", "a copy of this data directory drives too; stop one of them"}});
  }
}

}  // namespace nephele::compute
