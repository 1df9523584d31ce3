// SPDX-License-Identifier: Apache-2.0
#include "clouds/openstack/network.h"

#include <algorithm>

#include "clouds/openstack/fields.h"
#include "clouds/openstack/listing.h"
#include "clouds/openstack/requests.h"

namespace nephele::openstack {

namespace {

std::string network_id(const Network& row) {
  return row.id.text();
}
std::string volume_id(const Volume& row) {
  return row.id.text();
}

std::string volume_path(const VolumeId& id) {
  return "/volumes/" + http::percent_encode(id.text());
}

Result<Volume> volume_in(const json::Value& answer, std::string_view call) {
  const auto* const object = fields::object(*answer.if_object(), "volume");
  if (object == nullptr) return fail(unreadable("volume", call, "it has no \"volume\""));
  auto out = decode_volume(*object);
  if (!out) return fail(unreadable("volume", call, out.error().sentence()));
  return out;
}

}  // namespace

Task<Result<std::vector<Network>>> Networks::list(SteadyTime deadline) {
  co_return co_await list_all(link_,
                              Listing{.service = Service::network, .path = "/v2.0/networks", .collection = "networks"},
                              decode_network, network_id, deadline);
}

Task<Result<Network>> Networks::by_name(std::string name, SteadyTime deadline) {
  CO_TRY(auto found, co_await list_all(link_,
                                       Listing{.service = Service::network,
                                               .path = "/v2.0/networks",
                                               .collection = "networks",
                                               .query = "name=" + http::percent_encode(name)},
                                       decode_network, network_id, deadline));
  std::erase_if(found, [&name](const Network& one) { return one.name != name; });
  if (found.empty()) co_return fail(Kind::not_found, "the cloud has no network \"" + name + "\" for this project");
  if (found.size() > 1)
    co_return fail(Kind::conflict, "the cloud has " + std::to_string(found.size()) + " networks \"" + name +
                                       "\"; write the id of the one that is meant");
  co_return std::move(found.front());
}

Task<Result<Volume>> Volumes::create(NewVolume wanted, SteadyTime deadline) {
  const Call call{
      .service = Service::volume, .verb = http::Verb::post, .path = "/volumes", .body = volume_request(wanted)};
  CO_TRY(const auto answer, co_await link_.ask(call, deadline));
  co_return volume_in(answer, call.title());
}

Task<Result<Volume>> Volumes::volume(VolumeId id, SteadyTime deadline) {
  const Call call{.service = Service::volume, .path = volume_path(id)};
  CO_TRY(const auto answer, co_await link_.ask(call, deadline));
  co_return volume_in(answer, call.title());
}

Task<Result<std::vector<Volume>>> Volumes::list(SteadyTime deadline) {
  co_return co_await list_all(link_,
                              Listing{.service = Service::volume, .path = "/volumes/detail", .collection = "volumes"},
                              decode_volume, volume_id, deadline);
}

Task<Result<>> Volumes::remove(VolumeId id, SteadyTime deadline) {
  co_return co_await link_.remove(Service::volume, volume_path(id), deadline);
}

}  // namespace nephele::openstack
