// SPDX-License-Identifier: Apache-2.0
#include "clouds/openstack/decode.h"

#include <algorithm>
#include <charconv>

#include "base/ascii.h"
#include "base/visible.h"
#include "clouds/openstack/fields.h"

namespace nephele::openstack {

namespace {

std::unexpected<Error> lacks(std::string_view what, std::string_view member) {
  return fail(Kind::invalid, std::string(what) + " has no \"" + std::string(member) + "\"");
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  text = ascii::trimmed(text);
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::map<std::string, std::vector<Address>> addresses_of(const json::Object& row) {
  std::map<std::string, std::vector<Address>> out;
  const auto* const networks = fields::object(row, "addresses");
  if (networks == nullptr) return out;
  for (const auto& [network, list] : *networks) {
    const auto* const items = list.if_array();
    if (items == nullptr) continue;
    for (const auto& item : *items)
      if (const auto* const one = item.if_object())
        out[network].push_back(
            {.version = fields::integer(*one, "version") == 6 ? 6 : 4, .text = fields::text(*one, "addr")});
  }
  return out;
}

std::map<std::string, std::string, std::less<>> metadata_of(const json::Object& row) {
  std::map<std::string, std::string, std::less<>> out;
  if (const auto* const metadata = fields::object(row, "metadata"))
    for (const auto& [name, value] : *metadata)
      if (const auto* const text = value.if_string()) out[name] = *text;
  return out;
}

void read_flavor_of_server(const json::Object& row, Server& into) {
  const auto* const flavor = fields::object(row, "flavor");
  if (flavor == nullptr) return;
  into.flavor = FlavorId(fields::id(*flavor, "id"));
  into.vcpus = fields::integer(*flavor, "vcpus");
}

std::string text_in(const json::Object& row, std::string_view outer, std::string_view inner) {
  const auto* const found = fields::object(row, outer);
  return found == nullptr ? std::string() : fields::text(*found, inner);
}

std::optional<std::int64_t> limit_of(const json::Object& absolute, std::string_view name) {
  const auto number = fields::integer(absolute, name);
  return number && *number >= 0 ? number : std::nullopt;  // -1: unlimited
}

bool is_query(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F && c != '#'; });
}

Result<std::string> query_of(std::string_view link) {
  const auto mark = link.find('?');
  const auto query = mark == std::string_view::npos ? std::string_view() : link.substr(mark + 1);
  if (!is_query(query)) return fail(Kind::invalid, "its link to the next page leads nowhere");
  return std::string(query);
}

}  // namespace

Result<Server> decode_server(const json::Object& row) {
  Server out{.id = ServerId(fields::id(row, "id")),
             .name = fields::text(row, "name"),
             .status = fields::text(row, "status"),
             .task_state = fields::text(row, "OS-EXT-STS:task_state"),
             .power_state = fields::integer(row, "OS-EXT-STS:power_state"),
             .created = fields::time(row, "created"),
             .updated = fields::time(row, "updated"),
             .launched = fields::time(row, "OS-SRV-USG:launched_at"),
             .terminated = fields::time(row, "OS-SRV-USG:terminated_at"),
             .zone = fields::text(row, "OS-EXT-AZ:availability_zone"),
             .addresses = addresses_of(row),
             .fault = visible(text_in(row, "fault", "message"))};
  if (out.id.empty()) return lacks("a server", "id");
  if (out.status.empty()) return lacks("server " + out.id.text(), "status");
  // Of a server in a cell that is down Nova knows an id and no more (microversion 2.69).
  if (!row.contains("name")) return lacks("server " + out.id.text(), "name");
  out.metadata = metadata_of(row);
  read_flavor_of_server(row, out);
  return out;
}

Result<Flavor> decode_flavor(const json::Object& row) {
  Flavor out{.id = FlavorId(fields::id(row, "id")),
             .name = fields::text(row, "name"),
             .vcpus = fields::integer(row, "vcpus").value_or(0),
             .ram_mib = fields::integer(row, "ram").value_or(0),
             .disk_gib = fields::integer(row, "disk").value_or(0)};
  if (out.id.empty()) return lacks("a flavor", "id");
  if (out.vcpus <= 0) return lacks("flavor " + out.id.text(), "vcpus");
  return out;
}

Result<Keypair> decode_keypair(const json::Object& row) {
  const auto* const inner = fields::object(row, "keypair");
  if (inner == nullptr) return lacks("a row", "keypair");
  Keypair out{.name = fields::text(*inner, "name"),
              .public_key = fields::text(*inner, "public_key"),
              .fingerprint = fields::text(*inner, "fingerprint")};
  if (out.name.empty()) return lacks("a key pair", "name");
  return out;
}

Result<Image> decode_image_v2(const json::Object& row) {
  constexpr std::string_view modified = "last_modified:";
  Image out{.id = ImageId(fields::id(row, "id")),
            .name = fields::text(row, "name"),
            .status = fields::text(row, "status"),
            .checksum = fields::text(row, "checksum"),
            .hash_algorithm = fields::text(row, "os_hash_algo"),
            .hash = fields::text(row, "os_hash_value"),
            .size = fields::integer(row, "size")};
  if (out.id.empty()) return lacks("an image", "id");
  if (const auto* const tags = fields::array(row, "tags"))
    for (const auto& tag : *tags)
      if (const auto* const text = tag.if_string(); text != nullptr && text->starts_with(modified))
        out.last_modified = whole_number(std::string_view(*text).substr(modified.size()));
  return out;
}

Result<Image> decode_image_v1(const json::Object& row) {
  Image out{.id = ImageId(fields::id(row, "id")),
            .name = fields::text(row, "name"),
            .status = fields::text(row, "status"),
            .checksum = fields::text(row, "checksum"),
            .size = fields::integer(row, "size")};
  if (out.id.empty()) return lacks("an image", "id");
  // Property names come from header fields: Glance writes them in small letters, with the hyphens made underscores.
  for (const auto* const name : {"last_modified", "last-modified"})
    if (const auto text = text_in(row, "properties", name); !text.empty()) out.last_modified = whole_number(text);
  return out;
}

Result<Network> decode_network(const json::Object& row) {
  Network out{.id = NetworkId(fields::id(row, "id")),
              .name = fields::text(row, "name"),
              .status = fields::text(row, "status"),
              .external = fields::flag(row, "router:external"),
              .shared = fields::flag(row, "shared")};
  if (out.id.empty()) return lacks("a network", "id");
  return out;
}

Result<Volume> decode_volume(const json::Object& row) {
  Volume out{.id = VolumeId(fields::id(row, "id")),
             .name = fields::text(row, "name"),
             .status = fields::text(row, "status"),
             .size_gib = fields::integer(row, "size").value_or(0),
             .metadata = metadata_of(row)};
  if (out.name.empty()) out.name = fields::text(row, "display_name");  // Cinder v1
  if (out.id.empty()) return lacks("a volume", "id");
  return out;
}

Result<Limits> decode_limits(const json::Value& answer) {
  const auto* const found = answer.at_path({"limits", "absolute"});
  const auto* const absolute = found == nullptr ? nullptr : found->if_object();
  if (absolute == nullptr) return lacks("the answer", "absolute");
  return Limits{.cores = limit_of(*absolute, "maxTotalCores"),
                .instances = limit_of(*absolute, "maxTotalInstances"),
                .ram_mib = limit_of(*absolute, "maxTotalRAMSize"),
                .cores_used = limit_of(*absolute, "totalCoresUsed"),
                .instances_used = limit_of(*absolute, "totalInstancesUsed")};
}

Result<std::string> next_query(const json::Object& page, std::string_view collection) {
  if (const auto* const next = page.find("next"); next != nullptr && !next->is_null()) {
    const auto* const link = next->if_string();
    if (link == nullptr) return fail(Kind::invalid, "its link to the next page leads nowhere");
    return query_of(*link);
  }
  const auto* const links = fields::array(page, std::string(collection) + "_links");
  if (links == nullptr) return std::string();
  for (const auto& link : *links)
    if (link.text_at({"rel"}) == "next") return query_of(link.text_at({"href"}));
  return std::string();
}

}  // namespace nephele::openstack
