// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/azure_options.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "fleet/adapters/terms.h"
#include "fleet/machine_name.h"

namespace nephele::fleet {

namespace {

/// As the file has it.
struct Written {
  std::string subscription, resource_group, project_name, location, tenant_id, client_id, username, disk_type, url,
      login_url, ca_file, certificate, pfx;
  Secret client_secret, password;
  std::vector<std::string> subnets, security_groups;
  std::optional<bool> public_ip;
};

const settings::Table<Written>& table() {
  static const auto table =
      settings::Table<Written>("space")
          .add("subscription", &Written::subscription, {.meaning = "id of the subscription"})
          .add("resource_group", &Written::resource_group, {.meaning = "group that machines belong to"})
          .add("project_name", &Written::project_name, {.meaning = "the same, as Vcycle called it"})
          .add("location", &Written::location, {.meaning = "where machines are made"})
          .add("tenant_id", &Written::tenant_id, {.meaning = "directory of the application that asks"})
          .add("client_id", &Written::client_id, {.meaning = "the application"})
          .add("client_secret", &Written::client_secret, {.meaning = "its secret"})
          .add("subnets", &Written::subnets, {.meaning = "each machine is in one of them"})
          .add("security_groups", &Written::security_groups, {.meaning = "network security group of each machine"})
          .add("username", &Written::username, {.meaning = "user of a machine whom the key lets in"})
          .add("password", &Written::password, {.meaning = "his password"})
          .add("disk_type", &Written::disk_type, {.meaning = "of the boot disk"})
          .add("public_ip", &Written::public_ip, {.meaning = "machines have addresses of their own"})
          .add("url", &Written::url, {.meaning = "address of Azure Resource Manager"})
          .add("login_url", &Written::login_url, {.meaning = "where tokens are asked for"})
          .add("ca_file", &Written::ca_file, {.meaning = "certificates that the service's is proved by"})
          .add("certificate", &Written::certificate, {.meaning = "of the classic service"})
          .add("pfx", &Written::pfx, {.meaning = "of the classic service"});
  return table;
}

Result<std::string> address(const Space& space, const char* option, const std::string& given,
                            const std::string& usual) {
  std::string url = given.empty() ? usual : given;
  if (!url.starts_with("https://") && !url.starts_with("http://"))
    return wrong_in(space, "has " + std::string(option) + " = " + url + "; it begins with https://");
  while (url.ends_with('/')) url.pop_back();
  return url;
}

Result<azure::Account> account_of(const Written& written, const Space& space) {
  if (!written.certificate.empty() || !written.pfx.empty())
    return wrong_in(space,
                    "has certificate or pfx, which were of Azure's classic service; Microsoft has ended it. Write "
                    "tenant_id, client_id, client_secret, resource_group and subnets in their place");
  azure::Account out{.subscription = written.subscription,
                     .resource_group = written.resource_group.empty() ? written.project_name : written.resource_group,
                     .location = ascii::lowered(written.location),
                     .tenant = written.tenant_id,
                     .client_id = written.client_id,
                     .client_secret = written.client_secret,
                     .ca_file = written.ca_file};
  std::erase(out.location, ' ');  // "West Europe"
  if (out.tenant.empty() || out.client_id.empty() || out.client_secret.empty())
    return wrong_in(space, "names nobody who signs in; write tenant_id, client_id and client_secret");
  struct Needed {
    const char* option;
    const std::string& value;
  };
  for (const auto& [option, value] : {Needed{"subscription", out.subscription},
                                      Needed{"resource_group", out.resource_group}, Needed{"location", out.location}})
    if (value.empty()) return wrong_in(space, "has no " + std::string(option) + "; write the one of its machines");
  if (!is_plain_name(out.location))
    return wrong_in(space, "has location = " + written.location + "; write one such as westeurope");
  const azure::Account usual;
  TRY(out.url, address(space, "url", written.url, usual.url));
  TRY(out.login_url, address(space, "login_url", written.login_url, usual.login_url));
  return out;
}

/// An id, or VNET/SUBNET in the resource group.
Result<std::string> subnet_id(const Space& space, const azure::Account& account, const std::string& text) {
  if (text.starts_with('/')) return text;
  const auto slash = text.find('/');
  if (slash == 0 || slash == std::string::npos || slash + 1 == text.size())
    return wrong_in(space,
                    "has subnets = " + text + "; write NETWORK/SUBNET, or an id that begins with /subscriptions/");
  return azure_id(account, "Microsoft.Network/virtualNetworks",
                  text.substr(0, slash) + "/subnets/" + text.substr(slash + 1));
}

Result<> check_user(const Space& space, const std::string& user) {
  static constexpr std::array<std::string_view, 5> reserved{"root", "admin", "administrator", "user", "test"};
  if (std::ranges::find(reserved, user) == reserved.end() && is_plain_name(user)) return {};
  return wrong_in(space, "has username = " + user + ", which Azure does not take for the user of a machine");
}

}  // namespace

std::string azure_id(const azure::Account& account, const std::string& kind, const std::string& name) {
  return "/subscriptions/" + account.subscription + "/resourceGroups/" + account.resource_group + "/providers/" + kind +
         "/" + name;
}

std::vector<settings::Key> azure_option_keys() {
  return table().keys();
}

Result<AzureOptions> azure_options(const Space& space) {
  TRY(const auto loaded, table().load({.files = {space.options}}));
  const Written& written = loaded.values;
  AzureOptions out{.flavors = flavors_of(space), .password = written.password};
  TRY(out.account, account_of(written, space));
  if (written.subnets.empty()) return wrong_in(space, "has no subnets; write NETWORK/SUBNET of its machines");
  for (const auto& text : written.subnets) {
    TRY(auto id, subnet_id(space, out.account, text));
    out.subnets.push_back(std::move(id));
  }
  if (written.security_groups.size() > 1)
    return wrong_in(space, "has several security_groups; a machine has one at Azure");
  if (!written.security_groups.empty()) {
    const auto& group = written.security_groups.front();
    out.security_group =
        group.starts_with('/') ? group : azure_id(out.account, "Microsoft.Network/networkSecurityGroups", group);
  }
  if (!written.disk_type.empty()) out.disk_type = written.disk_type;
  out.public_addresses = written.public_ip.value_or(false);
  if (!written.username.empty()) out.user = written.username;
  TRY_VOID(check_user(space, out.user));
  return out;
}

}  // namespace nephele::fleet
