// SPDX-License-Identifier: Apache-2.0
#include "clouds/openstack/requests.h"

#include "base/json.h"
#include "base/secret.h"

namespace nephele::openstack {

namespace {

constexpr std::size_t user_data_characters_max = 65'535;  // nova/api/openstack/compute/schemas/servers.py
constexpr std::size_t name_characters_max = 255;

json::Object object_with(std::string name, json::Value value) {
  json::Object out;
  out.append(std::move(name), std::move(value));
  return out;
}

json::Array objects_with(std::string_view member, const std::vector<std::string>& values) {
  json::Array out;
  for (const auto& value : values) out.emplace_back(object_with(std::string(member), value));
  return out;
}

json::Array boot_from(const VolumeId& volume) {
  json::Object out = object_with("source_type", "volume");
  out.append("uuid", volume.text());
  out.append("boot_index", 0);
  out.append("destination_type", "volume");
  out.append("delete_on_termination", true);
  json::Array list;
  list.emplace_back(std::move(out));
  return list;
}

json::Object metadata_of(const std::vector<std::pair<std::string, std::string>>& wanted) {
  json::Object out;
  for (const auto& [name, value] : wanted) out.set(name, value);
  return out;
}

}  // namespace

Result<std::string> server_request(const NewServer& wanted) {
  const auto user_data = to_base64(wanted.user_data);
  if (wanted.name.empty() || wanted.name.size() > name_characters_max)
    return fail(Kind::invalid, "a server has a name of 1 to 255 characters");
  if (user_data.size() > user_data_characters_max)
    return fail(Kind::invalid, "the user data of \"" + wanted.name + "\" has " + std::to_string(user_data.size()) +
                                   " characters in base64, and Nova takes 65535; shorten it");
  json::Object server = object_with("name", wanted.name);
  server.append("imageRef", wanted.image.text());
  server.append("flavorRef", wanted.flavor.text());
  if (!user_data.empty()) server.append("user_data", user_data);
  if (!wanted.metadata.empty()) server.append("metadata", metadata_of(wanted.metadata));
  if (!wanted.key_name.empty()) server.append("key_name", wanted.key_name);
  if (!wanted.networks.empty()) {
    std::vector<std::string> ids;
    for (const auto& network : wanted.networks) ids.push_back(network.text());
    server.append("networks", objects_with("uuid", ids));
  }
  if (!wanted.zone.empty()) server.append("availability_zone", wanted.zone);
  if (!wanted.security_groups.empty()) server.append("security_groups", objects_with("name", wanted.security_groups));
  if (!wanted.boot_volume.empty()) server.append("block_device_mapping_v2", boot_from(wanted.boot_volume));
  return json::write(object_with("server", std::move(server)));
}

std::string keypair_request(std::string_view name, std::string_view public_key) {
  json::Object pair = object_with("name", name);
  pair.append("public_key", public_key);
  return json::write(object_with("keypair", std::move(pair)));
}

std::string image_request_v2(const NewImage& wanted, const ImageId& id) {
  json::Object out = object_with("id", id.text());
  out.append("name", wanted.name);
  out.append("disk_format", wanted.disk_format);
  out.append("container_format", "bare");
  out.append("visibility", "private");
  out.append("tags", json::Array{"last_modified: " + std::to_string(wanted.last_modified),
                                 "architecture: " + wanted.architecture});
  if (!wanted.sha256.empty()) out.append("sha256", wanted.sha256);
  return json::write(out);
}

std::string volume_request(const NewVolume& wanted) {
  json::Object volume = object_with("size", wanted.size_gib);
  if (!wanted.image.empty()) volume.append("imageRef", wanted.image.text());
  volume.append("name", wanted.name);
  if (!wanted.zone.empty()) volume.append("availability_zone", wanted.zone);
  if (!wanted.metadata.empty()) volume.append("metadata", metadata_of(wanted.metadata));
  return json::write(object_with("volume", std::move(volume)));
}

std::string name_pattern(std::string_view prefix) {
  std::string out = "^";
  for (const char c : prefix) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    out += plain ? c : '.';  // any character: what it finds too much is left out by who reads the list
  }
  return out;
}

}  // namespace nephele::openstack
