// SPDX-License-Identifier: Apache-2.0
#include "compute/tx.h"

#include <algorithm>

#include "compute/impl.h"

namespace nephele::compute {

namespace {

constexpr std::size_t function_bytes_max = 4U << 20U;

Result<> check(const NewServer& wanted) {
  if (wanted.sizes.cpus.count() < 1 || wanted.sizes.memory.in_mib() < 1 || wanted.sizes.disk.in_mib() < 1)
    return fail(Kind::invalid, "a server needs at least 1 CPU, 1 MiB of memory and 1 MiB of disk");
  for (const auto& [key, value] : wanted.context)
    if (!is_context_key(key)) return fail(Kind::invalid, "context key \"" + key + "\" is not a variable name");
  if (wanted.function.size() > function_bytes_max)
    return fail(Kind::invalid, "the function is longer than 4 MiB; put big files into the image");
  return {};
}

json::Value context_payload(const NewServer& wanted) {
  json::Array values;
  for (const auto& [key, value] : wanted.context) values.emplace_back(json::Array{key, value});
  json::Object payload;
  payload.set("context", std::move(values));
  if (!wanted.function.empty()) payload.set("function", to_base64(wanted.function));
  return payload;
}

std::optional<Secret> sealed_context(const NewServer& wanted) {
  if (wanted.secret_context.empty()) return std::nullopt;
  json::Array values;
  for (const auto& [key, value] : wanted.secret_context) values.emplace_back(json::Array{key, value.reveal()});
  return Secret(json::write(json::Value(std::move(values))));
}

Result<Server> existing(sql::Tx& tx, ServerId id) {
  auto server = store::find_to_change(tx, id);
  if (!server || server->desired == Desired::deleted) return fail(Kind::not_found, "no server " + id.text());
  return std::move(*server);
}

Result<Server> idle(sql::Tx& tx, ServerId id) {
  TRY(auto server, existing(tx, id));
  if (server.activity != Activity::none)
    return fail(Kind::busy, "server " + id.text() + " is " + std::string(to_string(server.activity)) +
                                " at the moment; try again when it is done");
  return server;
}

}  // namespace

Result<Created> create_server(sql::Tx& tx, Compute& compute, NewServer wanted, const Actor& actor) {
  auto& impl = compute.impl();
  TRY_VOID(check(wanted));
  TRY(const auto driver, impl.place(tx, wanted));  // first: where nobody has ever driven there is no image either
  const auto image = store::find_image(tx, wanted.image);
  if (!image)
    return fail(Kind::not_found, "no image \"" + wanted.image + "\"; `nephele image list` shows what there is");
  if (auto error = disk_too_small(*image, wanted.sizes.disk)) return fail(std::move(*error));

  const Time now = impl.clock.now();
  Server server;
  server.id = store::next_server_id(tx);
  server.owner = wanted.owner;
  server.driver = driver.id;
  server.name = wanted.name;
  server.image = image->id;
  server.sizes = wanted.sizes;
  server.ceilings = {std::max(wanted.ceilings.cpus, wanted.sizes.cpus),
                     std::max(wanted.ceilings.memory, wanted.sizes.memory)};
  server.activity = Activity::building;
  server.ports = wanted.ports;
  server.link = wanted.link;
  server.link_end = wanted.link_end;
  server.generation = 1;
  server.created = server.changed = now;
  if (!server.ports.empty()) {
    TRY(server.address, impl.allocate_address(tx, driver.id, server.id));
  }
  store::insert(tx, server, now);
  // Everywhere the bus first and operations after it: both count in one row, and two orders would be a deadlock.
  impl.tell(tx, server.id, "created", "", server.generation);
  const auto operation = impl.enqueue(tx, build_kind, server, actor.account, actor.request_id, context_payload(wanted),
                                      sealed_context(wanted));
  return Created{std::move(server), operation};
}

Result<operations::OperationId> resize_server(sql::Tx& tx, Compute& compute, ServerId id, Sizes sizes,
                                              const Actor& actor) {
  auto& impl = compute.impl();
  TRY(const auto server, idle(tx, id));
  if (sizes.disk < server.sizes.disk)
    return fail(Kind::invalid, "a disk never shrinks: server " + id.text() + " has " +
                                   std::to_string(server.sizes.disk.in_mib()) + " MiB");
  if (sizes.cpus.count() < 1 || sizes.memory.in_mib() < 1)
    return fail(Kind::invalid, "a server needs at least 1 CPU and 1 MiB of memory");
  const Bytes had = store::memory_reserved(tx, id);
  TRY_VOID(impl.admit(tx, server, Sizes{server.sizes.cpus, had, server.sizes.disk}, sizes));
  const Time now = impl.clock.now();
  // What a running machine has reached once it may reach again: the reservation shrinks at the next start only.
  store::set_sizes(tx, id, sizes, std::max(had, sizes.memory), now);
  store::set_activity(tx, id, Activity::resizing, now);
  json::Object payload;
  payload.set("cpus", server.sizes.cpus.count());
  payload.set("memory_bytes", server.sizes.memory.count());
  payload.set("disk_bytes", server.sizes.disk.count());
  impl.tell(tx, id, "resize_started", "", server.generation);
  return impl.enqueue(tx, resize_kind, server, actor.account, actor.request_id, std::move(payload));
}

Result<std::optional<operations::OperationId>> remove_server(sql::Tx& tx, Compute& compute, ServerId id,
                                                             const Actor& actor) {
  auto& impl = compute.impl();
  const auto server = store::find(tx, id);
  if (!server) return std::optional<operations::OperationId>();
  if (server->desired == Desired::deleted) return std::optional<operations::OperationId>();
  const Time now = impl.clock.now();
  impl.tell(tx, id, "removing", "", server->generation);
  impl.operations.cancel_object(tx, object_key(id));
  store::set_desired(tx, id, Desired::deleted, now);
  store::set_activity(tx, id, Activity::removing, now);
  store::next_generation(tx, id, now);
  return std::optional(impl.enqueue(tx, remove_kind, *server, actor.account, actor.request_id));
}

Result<operations::OperationId> start_server(sql::Tx& tx, Compute& compute, ServerId id, const Actor& actor) {
  auto& impl = compute.impl();
  TRY(const auto server, idle(tx, id));
  if (server.desired == Desired::stopped) TRY_VOID(impl.admit(tx, server, std::nullopt, server.sizes));
  const Time now = impl.clock.now();
  store::set_desired(tx, id, Desired::running, now);
  store::set_activity(tx, id, Activity::restarting, now);
  const auto generation = store::next_generation(tx, id, now);
  impl.tell(tx, id, "recovering", "", generation);
  return impl.enqueue(tx, start_kind, server, actor.account, actor.request_id);
}

Result<operations::OperationId> stop_server(sql::Tx& tx, Compute& compute, ServerId id, bool forced,
                                            const Actor& actor) {
  auto& impl = compute.impl();
  TRY(const auto server, idle(tx, id));
  const Time now = impl.clock.now();
  store::set_desired(tx, id, Desired::stopped, now);
  store::set_activity(tx, id, Activity::restarting, now);
  store::next_generation(tx, id, now);
  json::Object payload;
  payload.set("forced", forced);
  return impl.enqueue(tx, stop_kind, server, actor.account, actor.request_id, std::move(payload));
}

Result<operations::OperationId> reboot_server(sql::Tx& tx, Compute& compute, ServerId id, const Actor& actor) {
  auto& impl = compute.impl();
  TRY(const auto server, idle(tx, id));
  if (server.observed != Observed::ready)
    return fail(Kind::conflict, "server " + id.text() + " is not running; start it instead");
  return impl.enqueue(tx, reboot_kind, server, actor.account, actor.request_id);
}

std::optional<Server> find_server(sql::Tx& tx, ServerId id) {
  return store::find(tx, id);
}

}  // namespace nephele::compute
