// SPDX-License-Identifier: Apache-2.0
#include "clouds/openstack/compute.h"

#include <algorithm>

#include "clouds/openstack/fields.h"
#include "clouds/openstack/listing.h"
#include "clouds/openstack/requests.h"

namespace nephele::openstack {

namespace {

constexpr std::string_view service_name = "compute";

std::string flavor_id(const Flavor& row) {
  return row.id.text();
}
std::string server_id(const Server& row) {
  return row.id.text();
}
std::string keypair_name(const Keypair& row) {
  return row.name;
}

std::string server_path(const ServerId& id) {
  return "/servers/" + http::percent_encode(id.text());
}

}  // namespace

Task<Result<std::vector<Flavor>>> Compute::flavors(SteadyTime deadline) {
  co_return co_await list_all(link_, Listing{.path = "/flavors/detail", .collection = "flavors"}, decode_flavor,
                              flavor_id, deadline);
}

Task<Result<Limits>> Compute::limits(SteadyTime deadline) {
  CO_TRY(const auto answer, co_await link_.ask({.path = "/limits"}, deadline));
  auto limits = decode_limits(answer);
  if (!limits) co_return fail(unreadable(service_name, "GET /limits", limits.error().sentence()));
  co_return limits;
}

Task<Result<std::vector<Server>>> Compute::servers(std::string name_prefix, SteadyTime deadline) {
  Listing listing{.path = "/servers/detail", .collection = "servers"};
  if (!name_prefix.empty()) listing.query = "name=" + http::percent_encode(name_pattern(name_prefix));
  CO_TRY(auto all, co_await list_all(link_, std::move(listing), decode_server, server_id, deadline));
  std::erase_if(all, [&name_prefix](const Server& one) { return !one.name.starts_with(name_prefix); });
  co_return all;
}

Task<Result<ServerId>> Compute::create(NewServer wanted, SteadyTime deadline) {
  CO_TRY(auto body, server_request(wanted));
  Call call{.verb = http::Verb::post, .path = "/servers", .body = std::move(body)};
  call.hidden = {to_base64(wanted.user_data), wanted.user_data};
  const std::string title = call.title();
  CO_TRY(const auto answer, co_await link_.ask(std::move(call), deadline));
  const auto* const server = fields::object(*answer.if_object(), "server");
  auto id = server == nullptr ? std::string() : fields::id(*server, "id");
  if (id.empty()) co_return fail(unreadable(service_name, title, "it has no id of the new server"));
  co_return ServerId(std::move(id));
}

Task<Result<>> Compute::remove(ServerId id, SteadyTime deadline) {
  co_return co_await link_.remove(Service::compute, server_path(id), deadline);
}

Task<Result<std::vector<Keypair>>> Compute::keypairs(SteadyTime deadline) {
  co_return co_await list_all(link_, Listing{.path = "/os-keypairs", .collection = "keypairs", .paged = false},
                              decode_keypair, keypair_name, deadline);
}

Task<Result<Keypair>> Compute::keypair(std::string name, SteadyTime deadline) {
  const Call call{.path = "/os-keypairs/" + http::percent_encode(name)};
  CO_TRY(const auto answer, co_await link_.ask(call, deadline));
  auto pair = decode_keypair(*answer.if_object());
  if (!pair) co_return fail(unreadable(service_name, call.title(), pair.error().sentence()));
  co_return pair;
}

Task<Result<std::string>> Compute::ensure_keypair(SshPublicKey key, std::string name_prefix, std::string comment,
                                                  SteadyTime deadline) {
  CO_TRY(const auto pairs, co_await keypairs(deadline));
  const auto same = [&key](const Keypair& pair) { return key.is_in(pair.public_key); };
  if (const auto found = std::ranges::find_if(pairs, same); found != pairs.end()) co_return found->name;
  const std::string name = key.pair_name(name_prefix);
  const auto made = co_await link_.call(
      {.verb = http::Verb::post, .path = "/os-keypairs", .body = keypair_request(name, key.line(comment))}, deadline);
  if (made) co_return name;
  // Somebody may have been quicker, or an answer was lost: then it is there now, with this very key.
  if (made.error().kind() != Kind::conflict && !may_have_happened(made.error())) co_return fail(made.error());
  const auto there = co_await keypair(name, deadline);
  if (!there || !same(*there)) co_return fail(made.error());
  co_return name;
}

}  // namespace nephele::openstack
