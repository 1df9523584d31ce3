// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>

#include "compute/impl.h"
#include "compute/machine_spec.h"
#include "compute/migrations.h"

namespace nephele::compute {

namespace {

/// Of ourselves we know better than the row.
void correct(Driver& driver, const std::optional<Driver>& own) {
  if (!own || driver.id != own->id) return;
  driver.capacity = own->capacity;
  driver.said = own->said;
}

}  // namespace

std::string object_key(ServerId id) {
  return "server:" + id.text();
}

Compute::Impl::Impl(sql::Database& db, operations::Operations& ops, bus::Bus& the_bus, Backend* the_backend,
                    const Clock& the_clock, const Executor& executor, Settings wanted, log::Logger logger)
    : database(db),
      operations(ops),
      bus(the_bus),
      clock(the_clock),
      settings(std::move(wanted)),
      log(std::move(logger)),
      backend_(the_backend),
      loops_(executor),
      events_bell_(executor),
      instance_(random_uuid()),
      handlers_(make_handlers(*this)) {}

Backend& Compute::Impl::backend() const {
  if (backend_ == nullptr) throw std::logic_error("this process drives no machines");
  return *backend_;
}

void Compute::Impl::register_handlers() {
  for (auto& [kind, handler] : handlers_.by_kind) operations.handle(kind, *handler);
}

Image Compute::Impl::located(Image image) const {
  image.directory = settings.images_directory + "/" + image.id.text();
  return image;
}

Result<Image> Compute::Impl::image_of(sql::Tx& tx, const Server& server) const {
  auto image = store::find_image(tx, server.image.text());
  if (!image)
    return fail(Kind::not_found, "the image " + server.image.text() + " of server " + server.id.text() + " is gone");
  return located(std::move(*image));
}

Result<MachineSpec> Compute::Impl::spec_of(sql::Tx& tx, const Server& server) const {
  TRY(const auto image, image_of(tx, server));
  return machine_spec(server, image, installation_);
}

Result<std::string> Compute::Impl::allocate_address(sql::Tx& tx, const DriverId& driver, ServerId id) {
  const auto row = store::find_driver(tx, driver);
  if (!row) return fail(Kind::internal, "server " + id.text() + " is placed on " + driver.text() + ", who is unknown");
  TRY(const auto pool, AddressPool::parse(row->address_pool));
  const Time now = clock.now();
  // Round the pool, so that a freed address rests as long as possible.
  for (std::uint32_t tries = 0; tries < pool.size(); ++tries) {
    std::string address = pool.at(store::next_address_index(tx) % pool.size());
    if (store::take_address(tx, address, id, now)) return address;
  }
  return fail(Kind::over_quota, "all " + std::to_string(pool.size()) + " addresses of " + pool.text() +
                                    " are taken; remove servers or widen COMPUTE_ADDRESS_POOL");
}

Result<std::optional<Driver>> Compute::Impl::ourselves() {
  if (!drives()) return std::nullopt;
  TRY(const auto room, backend().capacity());
  return Driver{.id = settings.driver, .host = {}, .address_pool = {}, .capacity = room, .said = clock.now()};
}

Result<Driver> Compute::Impl::place(sql::Tx& tx, const NewServer& wanted) {
  TRY(const auto own, ourselves());  // before the lock: it may read files
  store::lock_reservations(tx);
  std::vector<Candidate> candidates;
  for (auto& driver : store::drivers(tx)) {
    correct(driver, own);
    const auto reserved = store::reserved(tx, driver.id);
    candidates.push_back({std::move(driver), reserved});
  }
  const auto other_end = wanted.link.empty() ? std::nullopt : store::driver_of_link(tx, wanted.link);
  return choose_driver(candidates, wanted.sizes, other_end, {clock.now(), settings.driver_silence});
}

Result<> Compute::Impl::admit(sql::Tx& tx, const Server& server, const std::optional<Sizes>& before,
                              const Sizes& after) {
  TRY(const auto own, ourselves());
  store::lock_reservations(tx);
  auto driver = store::find_driver(tx, server.driver);
  if (!driver)
    return fail(Kind::timeout, "server " + server.id.text() +
                                   " waits for its driver; start `nephele serve compute` where its machine is");
  correct(*driver, own);
  if (auto silent = silence_of(*driver, {clock.now(), settings.driver_silence})) return fail(std::move(*silent));
  if (auto reason = does_not_fit(driver->capacity, store::reserved(tx, driver->id), before, after))
    return fail(std::move(*reason));
  return {};
}

void Compute::Impl::tell(sql::Tx& tx, ServerId id, std::string_view what, std::string_view reason,
                         std::int64_t generation) {
  if (what.empty()) return;
  json::Object body;
  body.set("server", id.number());
  body.set("what", what);
  body.set("reason", reason);
  body.set("generation", generation);
  bus.publish(tx, server_changed, object_key(id), std::move(body));
}

operations::OperationId Compute::Impl::enqueue(sql::Tx& tx, std::string_view kind, const Server& server,
                                               std::string account, std::string request_id, json::Value payload,
                                               std::optional<Secret> sealed, std::chrono::milliseconds delay) {
  constexpr std::chrono::hours limit{1};
  constexpr std::chrono::hours starting_limit{24 * 7};  // who repairs the host after a weekend finds machines going on
  constexpr std::chrono::hours removal_limit{24 * 30};
  operations::NewOperation wanted;
  wanted.kind = kind;
  wanted.object = object_key(server.id);
  wanted.actor = std::move(account);
  wanted.request_id = std::move(request_id);
  wanted.payload = std::move(payload);
  wanted.sealed = std::move(sealed);
  wanted.runs_on = server.driver.text();
  wanted.delay = delay;
  wanted.limit = limit;
  if (kind == build_kind || kind == start_kind) wanted.limit = starting_limit;
  if (kind == remove_kind) wanted.limit = removal_limit;
  return operations.enqueue(tx, std::move(wanted));
}

void Compute::Impl::enqueue_start(sql::Tx& tx, const Server& server, std::string_view why,
                                  std::chrono::milliseconds delay) {
  const Time now = clock.now();
  store::set_activity(tx, server.id, Activity::restarting, now);
  const auto generation = store::next_generation(tx, server.id, now);
  tell(tx, server.id, "recovering", why, generation);
  enqueue(tx, start_kind, server, "nephele", "", json::Object{}, std::nullopt, delay);
}

namespace {

Result<> driven_here(const Compute::Impl& impl, const Server& server) {
  if (impl.drives() && server.driver == impl.settings.driver) return {};
  return fail(Kind::unavailable, "the console of server " + server.id.text() + " is where its machine is: on " +
                                     server.driver.text() + "; `nephele logs` and `nephele console` work there");
}

}  // namespace

Compute::Compute(sql::Database& database, operations::Operations& operations, bus::Bus& bus, Backend* backend,
                 const Clock& clock, Executor executor, Settings settings, log::Logger log)
    : impl_(std::make_unique<Impl>(database, operations, bus, backend, clock, executor, std::move(settings),
                                   std::move(log))) {}

Compute::~Compute() = default;

std::span<const sql::Migration> Compute::migrations() {
  return all_migrations;
}

MachineEvents& Compute::events() noexcept {
  return *impl_;
}
void Compute::register_handlers() {
  impl_->register_handlers();
}
Task<Result<>> Compute::start() {
  co_return co_await impl_->start();
}
Task<> Compute::stop() {
  co_await impl_->stop();
}

Task<Result<Server>> Compute::find(ServerId id) {
  co_return co_await impl_->database.read([&](sql::Tx& tx) -> Result<Server> {
    if (auto server = store::find(tx, id)) return std::move(*server);
    return fail(Kind::not_found, "no server " + id.text());
  });
}

Task<Result<std::vector<Server>>> Compute::list(Page page) {
  co_return co_await impl_->database.read([&](sql::Tx& tx) { return store::page(tx, page); });
}

Task<Result<std::vector<Driver>>> drivers(sql::Database& database) {
  co_return co_await database.read([](sql::Tx& tx) { return store::drivers(tx); });
}

Task<Result<std::string>> Compute::console_log(ServerId id, std::size_t bytes) {
  CO_TRY(const auto server, co_await find(id));
  CO_TRY_VOID(driven_here(*impl_, server));
  co_return co_await impl_->backend().console_log(id, bytes);
}

Task<Result<std::string>> Compute::console_socket(ServerId id) {
  CO_TRY(const auto server, co_await find(id));
  CO_TRY_VOID(driven_here(*impl_, server));
  co_return impl_->backend().console_socket(id);
}

}  // namespace nephele::compute
