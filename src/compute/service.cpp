// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include "compute/impl.h"
#include "compute/machine_spec.h"
#include "compute/migrations.h"

namespace nephele::compute {

std::string object_key(ServerId id) {
  return "server:" + id.text();
}

Compute::Impl::Impl(sql::Database& db, operations::Operations& ops, bus::Bus& the_bus, Backend& the_backend,
                    const Clock& the_clock, const Executor& executor, Settings wanted, log::Logger logger)
    : database(db),
      operations(ops),
      bus(the_bus),
      backend(the_backend),
      clock(the_clock),
      settings(std::move(wanted)),
      log(std::move(logger)),
      executor_(executor),
      loops_(executor),
      events_bell_(executor),
      handlers_(make_handlers(*this)) {}

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

Result<std::string> Compute::Impl::allocate_address(sql::Tx& tx, ServerId id) {
  if (!pool_) return fail(Kind::unavailable, "this process has no address pool; is another one driving the machines?");
  const Time now = clock.now();
  // Round the pool, so that a freed address rests as long as possible.
  for (std::uint32_t tries = 0; tries < pool_->size(); ++tries) {
    std::string address = pool_->at(store::next_address_index(tx) % pool_->size());
    if (store::take_address(tx, address, id, now)) return address;
  }
  return fail(Kind::over_quota, "all " + std::to_string(pool_->size()) + " addresses of " + pool_->text() +
                                    " are taken; remove servers or widen COMPUTE_ADDRESS_POOL");
}

Result<Capacity> Compute::Impl::capacity() {
  constexpr std::chrono::seconds fresh{1};
  const auto now = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(mutex_);
    if (capacity_ && now - capacity_->first <= fresh) return capacity_->second;
  }
  // Without our lock: the backend has one of its own, under which it reports events to us.
  TRY(const auto read, backend.capacity());
  const std::lock_guard lock(mutex_);
  capacity_.emplace(now, read);
  return read;
}

Result<> Compute::Impl::admit(sql::Tx& tx, const std::optional<Sizes>& before, const Sizes& after) {
  TRY(const auto limits, capacity());
  store::lock_reservations(tx);
  if (auto reason = does_not_fit(limits, store::reserved(tx), before, after)) return fail(std::move(*reason));
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

operations::OperationId Compute::Impl::enqueue(sql::Tx& tx, std::string_view kind, ServerId id, std::string account,
                                               std::string request_id, json::Value payload,
                                               std::optional<Secret> sealed, std::chrono::milliseconds delay) {
  constexpr std::chrono::hours limit{1};
  constexpr std::chrono::hours removal_limit{24 * 30};
  operations::NewOperation wanted;
  wanted.kind = kind;
  wanted.object = object_key(id);
  wanted.actor = std::move(account);
  wanted.request_id = std::move(request_id);
  wanted.payload = std::move(payload);
  wanted.sealed = std::move(sealed);
  wanted.runs_on = settings.host;
  wanted.delay = delay;
  wanted.limit = kind == remove_kind ? removal_limit : limit;
  return operations.enqueue(tx, std::move(wanted));
}

void Compute::Impl::enqueue_start(sql::Tx& tx, ServerId id, std::string_view why, std::chrono::milliseconds delay) {
  const Time now = clock.now();
  store::set_activity(tx, id, Activity::restarting, now);
  const auto generation = store::next_generation(tx, id, now);
  tell(tx, id, "recovering", why, generation);
  enqueue(tx, start_kind, id, "nephele", "", json::Object{}, std::nullopt, delay);
}

Compute::Compute(sql::Database& database, operations::Operations& operations, bus::Bus& bus, Backend& backend,
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

Task<Result<std::string>> Compute::console_log(ServerId id, std::size_t bytes) {
  CO_TRY_VOID(co_await find(id));
  co_return co_await impl_->backend.console_log(id, bytes);
}

Result<std::string> Compute::console_socket(ServerId id) {
  return impl_->backend.console_socket(id);
}

}  // namespace nephele::compute
