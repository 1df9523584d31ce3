// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/google_options.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/json.h"
#include "base/text_file.h"
#include "clouds/google/grant.h"
#include "fleet/adapters/terms.h"
#include "fleet/machine_name.h"

namespace nephele::fleet {

namespace {

constexpr std::size_t key_file_max = std::size_t{64} * 1024;

/// As the file has it.
struct Written {
  std::string project_id, client_email, key_file, url, token_url, network, disk_type, ca_file;
  Secret private_key;
  std::vector<std::string> subnets;
  std::optional<bool> public_ip;
};

const settings::Table<Written>& table() {
  static const auto table =
      settings::Table<Written>("space")
          .add("project_id", &Written::project_id, {.meaning = "project that machines belong to"})
          .add("client_email", &Written::client_email, {.meaning = "the service account that asks"})
          .add("private_key", &Written::private_key, {.meaning = "its key, PEM"})
          .add("key_file", &Written::key_file, {.meaning = "JSON file of the service account's key"})
          .add("url", &Written::url, {.meaning = "address of Compute Engine"})
          .add("token_url", &Written::token_url, {.meaning = "where tokens are asked for"})
          .add("network", &Written::network, {.meaning = "VPC network of each machine"})
          .add("subnets", &Written::subnets, {.meaning = "each machine is in one of them"})
          .add("disk_type", &Written::disk_type, {.meaning = "of the boot disk"})
          .add("public_ip", &Written::public_ip, {.meaning = "machines have addresses of their own"})
          .add("ca_file", &Written::ca_file, {.meaning = "certificates that the service's is proved by"});
  return table;
}

/// A key that was copied from the JSON file has "\n" in place of ends of lines.
Secret with_lines(const Secret& pem) {
  std::string out;
  const std::string& text = pem.reveal();
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool end = text.compare(i, 2, "\\n") == 0;
    out += end ? '\n' : text[i];
    i += end ? 1 : 0;
  }
  return Secret(std::move(out));
}

/// What is not written stands in the JSON file that Google gives with a key.
Result<> take_key_file(const Space& space, const std::string& path, google::Account& into) {
  const auto text = read_text_file(path, key_file_max);
  if (!text) return wrong_in(space, "has key_file = " + path + ", which cannot be read");
  const auto tree = json::parse(*text);
  if (!tree || tree->text_at({"type"}) != "service_account")
    return wrong_in(space, "has key_file = " + path +
                               "; it is no key of a service account (JSON with \"type\": " + "\"service_account\")");
  const auto take = [&tree](std::string& member, const char* name) {
    if (member.empty()) member = std::string(tree->text_at({name}));
  };
  take(into.project, "project_id");
  take(into.client_email, "client_email");
  take(into.key_id, "private_key_id");
  if (into.private_key.empty()) into.private_key = Secret(std::string(tree->text_at({"private_key"})));
  if (const auto uri = tree->text_at({"token_uri"}); into.token_url.empty() && !uri.empty()) into.token_url = uri;
  return {};
}

Result<std::string> address(const Space& space, const char* option, std::string url) {
  if (!url.starts_with("https://") && !url.starts_with("http://"))
    return wrong_in(space, "has " + std::string(option) + " = " + url + "; it begins with https://");
  while (url.ends_with('/')) url.pop_back();
  return url;
}

Result<google::Account> account_of(const Written& written, const Space& space) {
  const google::Account usual;
  google::Account out{.project = written.project_id,
                      .client_email = written.client_email,
                      .private_key = with_lines(written.private_key),
                      .token_url = written.token_url};
  if (!written.key_file.empty()) TRY_VOID(take_key_file(space, written.key_file, out));
  if (out.project.empty()) return wrong_in(space, "has no project_id; write the project's id or a key_file");
  if (!is_plain_name(out.project) && !out.project.contains(':'))
    return wrong_in(space, "has project_id = " + out.project + "; that is no id of a project");
  if (out.client_email.empty() || out.private_key.empty())
    return wrong_in(space, "names nobody who signs in; write key_file, or client_email and private_key");
  if (const auto good = google::check_private_key(out.private_key); !good)
    return wrong_in(space, "has a key that cannot be used: " + good.error().sentence());
  TRY(out.token_url, address(space, "token_url", out.token_url.empty() ? usual.token_url : out.token_url));
  TRY(out.url, address(space, "url", written.url.empty() ? usual.url : written.url));
  out.ca_file = written.ca_file;
  return out;
}

}  // namespace

std::string google_label_of(std::string name) {
  std::ranges::replace(name, '.', '_');
  return name;
}

std::string name_of_google_label(std::string label) {
  std::ranges::replace(label, '_', '.');
  return label;
}

std::vector<settings::Key> google_option_keys() {
  return table().keys();
}

Result<GoogleOptions> google_options(const Space& space) {
  TRY(const auto loaded, table().load({.files = {space.options}}));
  const Written& written = loaded.values;
  GoogleOptions out{.flavors = flavors_of(space), .zones = space.zones, .subnets = written.subnets};
  TRY(out.account, account_of(written, space));
  if (out.zones.empty()) return wrong_in(space, "has no zones; write those that machines may be in: europe-west1-b");
  if (!written.network.empty() && !out.subnets.empty())
    return wrong_in(space, "has network and subnets; a subnet belongs to one network, so take one of the two out");
  if (!written.network.empty())
    out.network = written.network.contains('/') ? written.network : "global/networks/" + written.network;
  out.disk_type = written.disk_type;
  out.public_addresses = written.public_ip.value_or(true);
  out.space_label = google_label_of(space.name);
  out.has_limit = space.processors_limit.has_value();
  if (out.space_label.size() > google_name_max)
    return wrong_in(space, "has a name that is too long for a label at Google; 63 characters are taken");
  return out;
}

}  // namespace nephele::fleet
