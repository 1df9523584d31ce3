// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/dbce_options.h"

#include "fleet/adapters/terms.h"
#include "fleet/urls.h"

namespace nephele::fleet {

namespace {

/// As the file has it.
struct Written {
  std::string url, version, network, project_name, ca_file;
  Secret key;
  std::vector<std::string> flavor_processors;
  bool public_ip = true;
};

const settings::Table<Written>& table() {
  static const auto table =
      settings::Table<Written>("space")
          .add("url", &Written::url, {.meaning = "address of the service"})
          .add("version", &Written::version, {.meaning = "of the API: the next part of the path"})
          .add("key", &Written::key, {.meaning = "who asks"})
          .add("project_name", &Written::project_name, {.meaning = "id of the platform"})
          .add("network", &Written::network, {.meaning = "id of the network of each machine"})
          .add("public_ip", &Written::public_ip, {.meaning = "each machine gets a public address"})
          .add("flavor_processors", &Written::flavor_processors,
               {.meaning = "NAME:PROCESSORS or NAME:PROCESSORS:MIB of flavors"})
          .add("ca_file", &Written::ca_file, {.meaning = "certificates that the service's is proved by"});
  return table;
}

}  // namespace

std::vector<settings::Key> dbce_option_keys() {
  return table().keys();
}

Result<DbceOptions> dbce_options(const Space& space) {
  TRY(const auto loaded, table().load({.files = {space.options}}));
  const Written& written = loaded.values;
  if (!is_url(written.url))
    return wrong_in(space, written.url.empty() ? "has no url; write the address of the service"
                                               : "has url = " + written.url + "; it begins with https:// or http://");
  if (written.version.empty() || written.version.find_first_of("/?#% ") != std::string::npos)
    return wrong_in(space, "has no version; write the part of the path behind the address, such as v1");
  if (written.key.empty() || written.key.reveal().find_first_of("\r\n") != std::string::npos)
    return wrong_in(space, "has no key; write that of the account, on one line");
  if (written.project_name.empty()) return wrong_in(space, "has no project_name; write the id of the platform");
  if (written.network.empty()) return wrong_in(space, "has no network; write its id");
  DbceOptions out{.platform = written.project_name,
                  .network = written.network,
                  .public_ip = written.public_ip,
                  .flavors = flavors_of(space)};
  out.account = {.url = written.url, .version = written.version, .key = written.key};
  out.account.link.ca_file = written.ca_file;
  TRY(out.sizes, flavor_sizes(space, written.flavor_processors));
  for (const auto& type : space.types) {
    out.fizzle[type.name] = type.fizzle;
    out.images[type.name] = dbce_image(type.root_image);
  }
  return out;
}

std::string dbce_image(std::string_view root_image) {
  if (auto id = named_image(root_image)) return *id;
  return is_url(root_image) || root_image.contains('/') ? std::string() : std::string(root_image);
}

}  // namespace nephele::fleet
