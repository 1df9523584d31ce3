// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/occi_options.h"

#include "fleet/adapters/terms.h"
#include "fleet/urls.h"

namespace nephele::fleet {

namespace {

/// As the file has it.
struct Written {
  std::string url, proxy, username, project_name, domain_name = "default", ca_file;
  std::string identity_provider, protocol = "mapped", token_file;
  Secret password_base64, password;
  std::vector<std::string> flavor_processors;
};

const settings::Table<Written>& table() {
  static const auto table =
      settings::Table<Written>("space")
          .add("url", &Written::url, {.meaning = "address of the service"})
          .add("proxy", &Written::proxy, {.meaning = "file of a VOMS proxy: certificate, key and chain"})
          .add("username", &Written::username, {.meaning = "who signs in, in place of a proxy"})
          .add("password_base64", &Written::password_base64, {.meaning = "his password in Base64"})
          .add("password", &Written::password, {.meaning = "his password as the first releases wrote it"})
          .add("project_name", &Written::project_name, {.meaning = "project that is tried first"})
          .add("domain_name", &Written::domain_name, {.meaning = "domain of the user, for Keystone v3"})
          .add("identity_provider", &Written::identity_provider,
               {.meaning = "of Keystone v3's federation; without it Keystone v2 is asked"})
          .add("protocol", &Written::protocol, {.meaning = "of that identity provider"})
          .add("token_file", &Written::token_file, {.meaning = "file with an access token for it"})
          .add("flavor_processors", &Written::flavor_processors,
               {.meaning = "NAME:PROCESSORS or NAME:PROCESSORS:MIB of flavors"})
          .add("ca_file", &Written::ca_file, {.meaning = "certificates that the service's is proved by"});
  return table;
}

/// One way to say who we are.
Result<> check_ways(const Written& written, const Space& space) {
  if (written.proxy.empty() && written.username.empty() && written.token_file.empty())
    return wrong_in(space, "names nobody who signs in; write proxy, username and password_base64, or token_file");
  if (!written.token_file.empty() && written.identity_provider.empty())
    return wrong_in(space, "has a token_file, which needs the identity_provider that knows the token");
  if (!written.identity_provider.empty() && written.proxy.empty() && written.token_file.empty())
    return wrong_in(space, "has an identity_provider, which needs a token_file or a proxy");
  if (!written.username.empty() && !written.identity_provider.empty())
    return wrong_in(space, "has username and identity_provider; take one of the two out");
  return {};
}

}  // namespace

std::vector<settings::Key> occi_option_keys() {
  return table().keys();
}

Result<OcciOptions> occi_options(const Space& space) {
  TRY(const auto loaded, table().load({.files = {space.options}}));
  const Written& written = loaded.values;
  if (!is_url(written.url))
    return wrong_in(space, written.url.empty() ? "has no url; write the address of its OCCI service"
                                               : "has url = " + written.url + "; it begins with https:// or http://");
  TRY_VOID(check_ways(written, space));
  OcciOptions out{.flavors = flavors_of(space)};
  auto& account = out.account;
  account.url = written.url;
  // Vcycle's own rule: with a proxy nobody looks for a password.
  if (written.proxy.empty() && !written.username.empty()) {
    account.username = written.username;
    TRY(account.password, password_of(space, written.password_base64, written.password));
  }
  account.project = written.project_name;
  account.domain = written.domain_name;
  account.identity_provider = written.identity_provider;
  account.protocol = written.protocol;
  account.token_file = written.token_file;
  account.link.certificate_file = written.proxy;
  account.link.ca_file = written.ca_file;
  TRY(out.sizes, flavor_sizes(space, written.flavor_processors));
  return out;
}

}  // namespace nephele::fleet
