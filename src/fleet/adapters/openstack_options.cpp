// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/openstack_options.h"

#include <charconv>
#include <optional>

#include "fleet/adapters/terms.h"

namespace nephele::fleet {

namespace {

/// As the file has it.
struct Written {
  std::string url, api_version, project_name, project_id, domain_name, glance_api = "2", region;
  std::string username, cred_id, network_uuid, ca_file, compute_microversion;
  Secret password_base64, password, cred_secret;
  std::vector<std::string> security_groups;
};

const settings::Table<Written>& table() {
  static const auto table =
      settings::Table<Written>("space")
          .add("url", &Written::url, {.meaning = "Keystone's address"})
          .add("api_version", &Written::api_version, {.meaning = "of Keystone: 3, or 2"})
          .add("project_name", &Written::project_name, {.meaning = "project that the machines belong to"})
          .add("project_id", &Written::project_id, {.meaning = "its id, in place of its name"})
          .add("domain_name", &Written::domain_name,
               {.meaning = "domain of user and project (default: the one with the id default)"})
          .add("glance_api", &Written::glance_api, {.meaning = "version of Glance: 2 or 1"})
          .add("region", &Written::region, {.meaning = "region of the catalog"})
          .add("security_groups", &Written::security_groups, {.meaning = "of each machine"})
          .add("network_uuid", &Written::network_uuid, {.meaning = "network of each machine"})
          .add("username", &Written::username, {.meaning = "who signs in"})
          .add("password_base64", &Written::password_base64, {.meaning = "his password in Base64"})
          .add("password", &Written::password, {.meaning = "his password as the first releases wrote it"})
          .add("cred_id", &Written::cred_id, {.meaning = "application credential, in place of user and project"})
          .add("cred_secret", &Written::cred_secret, {.meaning = "its secret"})
          .add("compute_microversion", &Written::compute_microversion,
               {.meaning = "version of Nova's interface that is asked for (default: 2.1)"})
          .add("ca_file", &Written::ca_file, {.meaning = "certificates that the cloud's are proved by"});
  return table;
}

/// 69 of "2.69"
std::optional<int> minor_version(std::string_view text) {
  if (!text.starts_with("2.") || text.size() > 6) return std::nullopt;
  int out = 0;
  const auto [end, error] = std::from_chars(text.data() + 2, text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() && out > 0 ? std::optional(out) : std::nullopt;
}

constexpr int names_its_network = 37;  // from this version on each server must

Result<openstack::Credentials> credentials_of(const Written& written, const Space& space) {
  if (!written.cred_id.empty() && !written.cred_secret.empty())
    return openstack::Credentials{.application_credential_id = written.cred_id,
                                  .application_credential_secret = written.cred_secret};
  if (written.username.empty() || (written.password_base64.empty() && written.password.empty()))
    return wrong_in(space, "names nobody who signs in; write username and password_base64, or cred_id and cred_secret");
  TRY(auto password, password_of(space, written.password_base64, written.password));
  return openstack::Credentials{.username = written.username, .password = std::move(password)};
}

}  // namespace

std::vector<settings::Key> openstack_option_keys() {
  return table().keys();
}

Result<OpenStackOptions> openstack_options(const Space& space) {
  TRY(const auto loaded, table().load({.files = {space.options}}));
  const Written& written = loaded.values;
  if (written.url.empty()) return wrong_in(space, "has no url; write Keystone's address");
  OpenStackOptions out{.space = space.name,
                       .security_groups = written.security_groups,
                       .volumes = space.volume_gb_per_processor > 0,
                       .network_uuid = written.network_uuid};
  auto& account = out.account;
  account.url = written.url;
  TRY(account.credentials, credentials_of(written, space));
  const bool by_credential = !account.credentials.application_credential_id.empty();
  if (written.api_version.starts_with("2")) account.keystone = openstack::KeystoneApi::v2;
  if (!written.api_version.empty() && !written.api_version.starts_with("2") && !written.api_version.starts_with("3"))
    return wrong_in(space, "has api_version = " + written.api_version + "; it is 3 or 2");
  if (by_credential && account.keystone == openstack::KeystoneApi::v2)
    return wrong_in(space,
                    "has an application credential, which version 2 of Keystone does not know; write api_version = 3");
  if (written.glance_api != "1" && written.glance_api != "2")
    return wrong_in(space, "has glance_api = " + written.glance_api + "; it is 2 or 1");
  if (written.glance_api == "1") account.glance = openstack::GlanceApi::v1;
  if (!by_credential && written.project_name.empty() && written.project_id.empty())
    return wrong_in(space, "has no project_name");
  account.project_name = written.project_name;
  account.project_id = written.project_id;
  // Every Keystone's first domain has this id. Its name is "Default", and only some databases find that by "default".
  account.domain_name = written.domain_name;
  account.domain_id = written.domain_name.empty() ? "default" : "";
  account.region = written.region;
  account.ca_file = written.ca_file;
  const auto version = minor_version(written.compute_microversion);
  if (!written.compute_microversion.empty() && !version)
    return wrong_in(space, "has compute_microversion = " + written.compute_microversion + "; it is 2.N, as 2.69");
  if (version && *version >= names_its_network && out.network_uuid.empty())
    return wrong_in(space,
                    "has compute_microversion = " + written.compute_microversion + ", which needs a network_uuid");
  account.compute_microversion = written.compute_microversion;
  return out;
}

}  // namespace nephele::fleet
