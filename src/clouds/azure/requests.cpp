// SPDX-License-Identifier: Apache-2.0
#include "clouds/azure/requests.h"

#include <algorithm>

#include "base/json.h"

namespace nephele::azure {

namespace {

/// The first version of the network's API that machines' interfaces can be made in.
constexpr std::string_view network_api_version = "2022-11-01";

using Members = std::initializer_list<std::pair<const char*, json::Value>>;

json::Object object_of(Members members) {
  json::Object out;
  for (const auto& [name, value] : members) out.append(name, value);
  return out;
}

/// An id, or PUBLISHER:OFFER:SKU:VERSION of what Microsoft sells.
json::Value image_of(const std::string& image) {
  if (image.starts_with("/CommunityGalleries/")) return object_of({{"communityGalleryImageId", image}});
  if (image.starts_with("/")) return object_of({{"id", image}});
  json::Object out;
  std::size_t from = 0;
  for (const char* const name : {"publisher", "offer", "sku", "version"}) {
    const auto to = std::min(image.find(':', from), image.size());
    out.append(name, image.substr(from, to - from));
    from = std::min(to + 1, image.size());
  }
  return out;
}

json::Value storage_of(const NewMachine& wanted) {
  auto disk = object_of({{"createOption", "FromImage"},
                         {"deleteOption", "Delete"},
                         {"managedDisk", object_of({{"storageAccountType", wanted.disk_type}})}});
  if (wanted.disk_gb) disk.append("diskSizeGB", *wanted.disk_gb);
  return object_of({{"imageReference", image_of(wanted.image)}, {"osDisk", std::move(disk)}});
}

json::Value system_of(const NewMachine& wanted) {
  json::Object configuration;
  configuration.append("disablePasswordAuthentication", wanted.password.empty());
  if (!wanted.public_key.empty())
    configuration.append(
        "ssh",
        object_of({{"publicKeys", json::Array{object_of({{"path", "/home/" + wanted.user + "/.ssh/authorized_keys"},
                                                         {"keyData", wanted.public_key}})}}}));
  auto out = object_of({{"computerName", wanted.name}, {"adminUsername", wanted.user}});
  if (!wanted.password.empty()) out.append("adminPassword", wanted.password.reveal());
  if (!wanted.user_data.empty()) out.append("customData", to_base64(wanted.user_data));
  out.append("linuxConfiguration", std::move(configuration));
  return out;
}

json::Value network_of(const NewMachine& wanted) {
  auto address = object_of({{"primary", true}, {"subnet", object_of({{"id", wanted.subnet}})}});
  if (wanted.public_address)
    address.append(
        "publicIPAddressConfiguration",
        object_of({{"name", wanted.name + "-ip"},
                   {"sku", object_of({{"name", "Standard"}})},
                   {"properties", object_of({{"deleteOption", "Delete"}, {"publicIPAllocationMethod", "Static"}})}}));
  auto interface = object_of(
      {{"primary", true},
       {"deleteOption", "Delete"},
       {"ipConfigurations", json::Array{object_of({{"name", "ipconfig1"}, {"properties", std::move(address)}})}}});
  if (!wanted.security_group.empty())
    interface.append("networkSecurityGroup", object_of({{"id", wanted.security_group}}));
  return object_of({{"networkApiVersion", network_api_version},
                    {"networkInterfaceConfigurations",
                     json::Array{object_of({{"name", wanted.name + "-nic"}, {"properties", std::move(interface)}})}}});
}

}  // namespace

std::string body_of(const Account& account, const NewMachine& wanted) {
  json::Object tags;
  for (const auto& [key, value] : wanted.tags) tags.set(key, value);
  auto out = object_of({{"location", account.location}, {"tags", std::move(tags)}});
  if (!wanted.zone.empty()) out.append("zones", json::Array{wanted.zone});
  out.append("properties", object_of({{"hardwareProfile", object_of({{"vmSize", wanted.size}})},
                                      {"storageProfile", storage_of(wanted)},
                                      {"osProfile", system_of(wanted)},
                                      {"networkProfile", network_of(wanted)}}));
  return json::write(std::move(out));
}

}  // namespace nephele::azure
