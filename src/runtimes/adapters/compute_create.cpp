// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string_view>
#include <utility>

#include "runtimes/adapters/compute.h"
#include "runtimes/document.h"
#include "runtimes/flavours.h"
#include "runtimes/function_change.h"
#include "runtimes/transact.h"

namespace nephele::runtimes {
namespace {

/// Addresses of the two ends of a runtime's private link (compute/model.h) and what answers there.
constexpr std::array<std::string_view, 2> link_addresses{"10.96.0.1", "10.96.0.2"};
constexpr std::string_view environment_prefix = "FUNCTION_ENV_";  // guest/README.md

std::string joined(const std::vector<std::uint16_t>& ports) {
  std::string out;
  for (const auto port : ports) {
    if (!out.empty()) out += ' ';
    out += std::to_string(port);
  }
  return out;
}

void set(Variables& variables, std::string_view name, std::string value) {
  const auto found = std::ranges::find(variables, name, &Variables::value_type::first);
  if (found == variables.end())
    variables.emplace_back(name, std::move(value));
  else
    found->second = std::move(value);
}

/// What context.sh says beside the network and the credentials.
Variables context_of(const store::Record& record, Role role, const RoleTemplate& from, const RoleTemplate* peer) {
  Variables out;
  set(out, "NAME", record.name);
  set(out, "FLAVOUR", flavour_of(record.document, role));
  set(out, "ROLE", std::string(to_string(role)));
  set(out, "PORTS", joined(from.ports));
  if (peer != nullptr) {
    set(out, "PEER_IP", std::string(link_addresses.at(role == Role::faas ? 1 : 0)));
    if (!peer->ports.empty()) set(out, "PEER_PORT", std::to_string(peer->ports.front()));
  }
  for (const auto& [name, value] : from.environment) set(out, std::string(environment_prefix) + name, value);
  for (const auto& [name, value] : from.context) set(out, name, value);
  return out;
}

compute::Sizes compute_sizes(const FunctionSizes& sizes) {
  return {.cpus = Cpus(static_cast<std::uint32_t>(sizes.cpu)),
          .memory = Bytes::mib(static_cast<std::uint64_t>(sizes.memory_mib)),
          .disk = Bytes::mib(static_cast<std::uint64_t>(sizes.disk_mib))};
}

compute::Ceilings ceilings_of(const FunctionSizes& sizes, const CapacitySettings& capacity) {
  const auto grown = [](std::int64_t size, std::int64_t mult) {
    return std::min(number_max, size * std::max<std::int64_t>(mult, 1));
  };
  return {.cpus = Cpus(static_cast<std::uint32_t>(grown(sizes.cpu, capacity.cpu_mult))),
          .memory = Bytes::mib(static_cast<std::uint64_t>(grown(sizes.memory_mib, capacity.memory_mult)))};
}

/// The functions as the caller wrote them, for the message of an unknown flavour.
json::Object functions_of(const json::Object& document) {
  json::Object out;
  for (const Role role : roles)
    if (const json::Value* function = document.find(to_string(role));
        function != nullptr && has_function(document, role))
      out.append(std::string(to_string(role)), *function);
  return out;
}

std::string name_of(const NewRuntime& wanted, const Flavour& flavour, RuntimeId id) {
  const auto& name = wanted.specification.name;
  if (!name) return default_name(flavour.name);
  return name->empty() ? "document-" + id.text() : *name;
}

}  // namespace

Task<Answer<View>> ComputeCloud::create(Caller caller, NewRuntime wanted) {
  auto created = co_await changing<View>(database_, Code::create_refused,
                                         [&](sql::Tx& tx) { return create_in(tx, caller, wanted); });
  if (created) log_.info("runtime.created", {{"runtime", created->id}, {"request", caller.request_id}});
  co_return created;
}

Answer<View> ComputeCloud::create_in(sql::Tx& tx, const Caller& caller, const NewRuntime& wanted) {
  const Time now = clock_.now();
  if (const auto& key = wanted.idempotency) {
    const auto used =
        store::claim_key(tx, caller.account, key->key, key->body_hash, now, now - settings_.idempotency_keep);
    if (used && used->body_hash != key->body_hash)
      return refuse(Code::idempotency_key_reused, {}, "use a new key for a new request");
    if (used) return View{.id = used->runtime, .runtime = used->answer};
  }
  const auto& document = wanted.specification.document;
  auto flavour = choose_flavour(tx, document);
  if (!flavour) return std::unexpected(std::move(flavour).error());
  const auto ids = store::draw_ids(tx);
  if (!ids) return refuse(Code::create_refused, Error(Kind::internal, "all 32-bit runtime ids are used up"));

  store::Record record{.id = ids->id,
                       .service_id = ids->service_id,
                       .owner = caller.account,
                       .name = name_of(wanted, *flavour, ids->id),
                       .document = document,
                       .functions = {},
                       .last_event = 0,
                       .created = now};
  for (const Role role : roles) {
    if (!has_function(document, role)) continue;
    auto function = create_function(tx, caller, record, role, *flavour);
    if (!function) return std::unexpected(std::move(function).error());
    record.functions.push_back(std::move(*function));
  }
  json::Object told;
  told.append("NAME", record.name);
  tell(tx, events_, record, "created", std::move(told));
  for (const auto& function : record.functions) tell_function(tx, events_, record, function, "state");
  store::insert(tx, record);
  auto body = render(record.id, record.service_id, record.name, record.document, record.functions);
  if (wanted.idempotency) store::answer_key(tx, caller.account, wanted.idempotency->key, record.id, body);
  return View{.id = record.id, .runtime = std::move(body)};
}

Answer<Flavour> ComputeCloud::choose_flavour(sql::Tx& tx, const json::Object& document) const {
  const auto faas = flavour_of(document, Role::faas);
  const auto daas = flavour_of(document, Role::daas);
  const auto tuple = flavour_tuple(faas, daas);
  auto found = find_flavour(tx, tuple);
  if (!found)
    if (const auto other = flavour_fallback(faas, daas)) found = find_flavour(tx, *other);
  if (found && (daas.empty() || found->daas)) return std::move(*found);
  if (!found && !store::any_flavour(tx)) return refuse(Code::no_templates);
  return refuse(Code::flavour_unknown, tuple, functions_of(document));
}

Answer<Function> ComputeCloud::create_function(sql::Tx& tx, const Caller& caller, const store::Record& record,
                                               Role role, const Flavour& flavour) {
  const bool paired = has_function(record.document, Role::daas);
  const RoleTemplate& from = role == Role::faas ? flavour.faas : *flavour.daas;
  const RoleTemplate* peer = !paired ? nullptr : role == Role::faas ? &*flavour.daas : &flavour.faas;
  const auto sizes = resolve_sizes(wanted_sizes(record.document, role), from, settings_.capacity);

  compute::NewServer server;
  server.owner = caller.account;
  server.name = "sr-" + record.id.text() + (role == Role::faas ? "-faas" : "-daas");
  server.image = from.image;
  server.sizes = compute_sizes(sizes);
  server.ceilings = ceilings_of(sizes, settings_.capacity);
  server.ports = from.ports;
  if (paired) {
    server.link = "rt-" + record.id.text();
    server.link_end = role == Role::faas ? 0 : 1;
  }
  server.context = context_of(record, role, from, peer);
  server.secret_context.emplace_back("SR_AUTH", Secret(to_base64(caller.user + ":" + caller.password.reveal())));
  server.function = from.function;

  auto created = compute::create_server(tx, compute_, std::move(server),
                                        {.account = caller.account, .request_id = caller.request_id});
  if (!created) return refuse(Code::create_refused, std::move(created).error());
  return Function{.role = role,
                  .vm_id = created->server.id.number(),
                  .state = FunctionState::pending,
                  .error = {},
                  .endpoint = created->server.address,
                  .sizes = sizes};
}

}  // namespace nephele::runtimes
