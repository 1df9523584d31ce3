// SPDX-License-Identifier: Apache-2.0
#include "clouds/openstack/token.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/ascii.h"
#include "clouds/openstack/fields.h"

namespace nephele::openstack {

namespace {

std::string_view without_slashes(std::string_view url) {
  while (url.ends_with('/')) url.remove_suffix(1);
  return url;
}

/// "v3" of "https://h:5000/v3"; empty when the last part of the path is no version.
std::string_view version_of(std::string_view url) {
  url = without_slashes(url);
  const auto last = url.substr(url.rfind('/') + 1);
  if (last.size() < 2 || last[0] != 'v' || last[1] < '1' || last[1] > '9') return {};
  return last.find_first_not_of("0123456789.", 1) == std::string_view::npos ? last : std::string_view();
}

/// Whether any part of the path is a version: Nova's and Cinder's addresses may end in the project.
bool has_version(std::string_view url) {
  for (url = without_slashes(url); url.contains('/'); url = url.substr(0, url.rfind('/')))
    if (!version_of(url).empty()) return true;
  return false;
}

std::string_view without_version(std::string_view url) {
  const auto version = version_of(url);
  url = without_slashes(url);
  return version.empty() ? url : without_slashes(url.substr(0, url.size() - version.size()));
}

json::Object object_with(std::string name, json::Value value) {
  json::Object out;
  out.append(std::move(name), std::move(value));
  return out;
}

json::Object domain_of(const Account& account) {
  return account.domain_id.empty() ? object_with("name", account.domain_name) : object_with("id", account.domain_id);
}

bool by_application_credential(const Account& account) {
  return !account.credentials.application_credential_id.empty();
}

json::Object identity_v3(const Account& account) {
  json::Object out;
  if (by_application_credential(account)) {
    json::Object credential = object_with("id", account.credentials.application_credential_id);
    credential.append("secret", account.credentials.application_credential_secret.reveal());
    out.append("methods", json::Array{"application_credential"});
    out.append("application_credential", std::move(credential));
    return out;
  }
  json::Object user = object_with("name", account.credentials.username);
  user.append("domain", domain_of(account));
  user.append("password", account.credentials.password.reveal());
  out.append("methods", json::Array{"password"});
  out.append("password", object_with("user", std::move(user)));
  return out;
}

json::Object project_v3(const Account& account) {
  if (!account.project_id.empty()) return object_with("id", account.project_id);
  json::Object out = object_with("name", account.project_name);
  out.append("domain", domain_of(account));
  return out;
}

json::Object request_v3(const Account& account) {
  json::Object out = object_with("identity", identity_v3(account));
  // The project of an application credential is part of it; a scope beside it is refused.
  if (!by_application_credential(account)) out.append("scope", object_with("project", project_v3(account)));
  return out;
}

json::Object request_v2(const Account& account) {
  json::Object credentials = object_with("username", account.credentials.username);
  credentials.append("password", account.credentials.password.reveal());
  json::Object out;
  if (account.project_id.empty())
    out.append("tenantName", account.project_name);
  else
    out.append("tenantId", account.project_id);
  out.append("passwordCredentials", std::move(credentials));
  return out;
}

std::unexpected<Error> lacks(std::string_view what) {
  return fail(Kind::invalid, "it has no " + std::string(what));
}

/// Both from Keystone's clock: ours may be wrong, or stepped. At most a year: the year 9999 stands for "never", and no
/// clock of ours goes so far.
std::optional<std::chrono::seconds> lifetime_of(const json::Object& token, std::string_view expires) {
  const auto end = fields::time(token, expires);
  const auto begin = fields::time(token, "issued_at");
  if (!end || !begin || *end <= *begin) return std::nullopt;
  return std::min<std::chrono::seconds>(*end - *begin, std::chrono::years(1));
}

std::string first_of(const json::Object& object, std::string_view one, std::string_view other) {
  auto out = fields::text(object, one);
  return out.empty() ? fields::text(object, other) : out;
}

void add_v3(const json::Object& service, std::vector<Endpoint>& into) {
  const auto* const endpoints = fields::array(service, "endpoints");
  if (endpoints == nullptr) return;
  for (const auto& value : *endpoints)
    if (const auto* const endpoint = value.if_object())
      into.push_back({.type = fields::text(service, "type"),
                      .interface_name = fields::text(*endpoint, "interface"),
                      .region = first_of(*endpoint, "region_id", "region"),
                      .url = fields::text(*endpoint, "url")});
}

void add_v2(const json::Object& service, std::vector<Endpoint>& into) {
  const auto* const endpoints = fields::array(service, "endpoints");
  if (endpoints == nullptr) return;
  // The first endpoint of a service counts where no region is asked for, and the last entry that fits is taken.
  for (auto value = endpoints->rbegin(); value != endpoints->rend(); ++value) {
    const auto* const endpoint = value->if_object();
    if (endpoint == nullptr) continue;
    for (const auto* const name : {"public", "internal", "admin"})
      into.push_back({.type = fields::text(service, "type"),
                      .interface_name = name,
                      .region = fields::text(*endpoint, "region"),
                      .url = fields::text(*endpoint, std::string(name) + "URL")});
  }
}

std::vector<Endpoint> catalog_of(const json::Array& services,
                                 void (*add)(const json::Object&, std::vector<Endpoint>&)) {
  std::vector<Endpoint> out;
  for (const auto& service : services)
    if (const auto* const one = service.if_object()) add(*one, out);
  return out;
}

/// Types by which a service goes, the one that is wanted most first.
std::span<const std::string_view> types_of(Service service) {
  static constexpr std::array<std::string_view, 1> identity{"identity"};
  static constexpr std::array<std::string_view, 1> compute{"compute"};
  static constexpr std::array<std::string_view, 1> image{"image"};
  static constexpr std::array<std::string_view, 1> network{"network"};
  static constexpr std::array<std::string_view, 4> volume{"volumev3", "block-storage", "volumev2", "volume"};
  switch (service) {
    case Service::identity:
      return identity;
    case Service::compute:
      return compute;
    case Service::image:
      return image;
    case Service::network:
      return network;
    case Service::volume:
      return volume;
  }
  return identity;
}

std::string base_of(std::string_view url, Service service) {
  switch (service) {
    case Service::image:
    case Service::network:
      return std::string(without_version(url));
    case Service::compute:
      return has_version(url) ? std::string(without_slashes(url)) : std::string(without_slashes(url)) + "/v2.1";
    default:
      return std::string(without_slashes(url));
  }
}

}  // namespace

std::string_view to_string(Service service) noexcept {
  switch (service) {
    case Service::identity:
      return "identity";
    case Service::compute:
      return "compute";
    case Service::image:
      return "image";
    case Service::network:
      return "network";
    case Service::volume:
      return "volume";
  }
  return "identity";
}

Result<> check_account(const Account& account) {
  const auto& credentials = account.credentials;
  if (account.url.empty())
    return fail(Kind::invalid, "no address of Keystone is given; write one such as https://host:5000/v3");
  if (by_application_credential(account)) {
    if (credentials.application_credential_secret.empty())
      return fail(Kind::invalid, "an application credential has an id and a secret; give both");
    if (account.keystone == KeystoneApi::v2)
      return fail(Kind::invalid, "Keystone v2 knows no application credentials; take v3, or a user and a password");
    return {};
  }
  if (credentials.username.empty() || credentials.password.empty())
    return fail(Kind::invalid,
                "no credentials are given; write a user name and a password, or an application credential");
  if (account.project_name.empty() && account.project_id.empty())
    return fail(Kind::invalid, "no project is given; write its name or its id");
  return {};
}

std::string token_url(const Account& account) {
  const bool v3 = account.keystone == KeystoneApi::v3;
  std::string out(without_slashes(account.url));
  if (version_of(out).empty()) out += v3 ? "/v3" : "/v2.0";
  return out + (v3 ? "/auth/tokens" : "/tokens");
}

std::string token_request(const Account& account) {
  return json::write(
      object_with("auth", account.keystone == KeystoneApi::v3 ? request_v3(account) : request_v2(account)));
}

Result<Token> decode_token_v3(std::string_view subject, std::string_view body) {
  if (subject.empty()) return lacks("X-Subject-Token");
  TRY(const auto tree, json::parse(body));
  const auto* const root = tree.if_object();
  const auto* const token = root == nullptr ? nullptr : fields::object(*root, "token");
  if (token == nullptr) return lacks("\"token\"");
  const auto* const services = fields::array(*token, "catalog");
  if (services == nullptr) return lacks("\"catalog\" in its token, so it is for no project");
  return Token{.id = Secret(std::string(subject)),
               .lifetime = lifetime_of(*token, "expires_at"),
               .catalog = catalog_of(*services, add_v3)};
}

Result<Token> decode_token_v2(std::string_view body) {
  TRY(const auto tree, json::parse(body));
  const auto* const root = tree.if_object();
  const auto* const access = root == nullptr ? nullptr : fields::object(*root, "access");
  const auto* const token = access == nullptr ? nullptr : fields::object(*access, "token");
  if (token == nullptr) return lacks("\"token\" in its \"access\"");
  auto id = fields::text(*token, "id");
  if (id.empty()) return lacks("\"id\" in its token");
  const auto* const services = fields::array(*access, "serviceCatalog");
  if (services == nullptr) return lacks("\"serviceCatalog\"");
  return Token{.id = Secret(std::move(id)),
               .lifetime = lifetime_of(*token, "expires"),
               .catalog = catalog_of(*services, add_v2)};
}

Result<std::string> endpoint_of(const Token& token, const Account& account, Service service) {
  for (const auto type : types_of(service)) {
    const auto fits = [&](const Endpoint& endpoint) {
      return endpoint.type == type && endpoint.interface_name == account.endpoint_interface && !endpoint.url.empty() &&
             (account.region.empty() || endpoint.region == account.region);
    };
    const auto found = std::find_if(token.catalog.rbegin(), token.catalog.rend(), fits);
    if (found != token.catalog.rend()) return base_of(found->url, service);
  }
  std::string has;
  for (const auto& endpoint : token.catalog)
    if (std::ranges::find(types_of(service), endpoint.type) != types_of(service).end())
      has += (has.empty() ? "" : ", ") + endpoint.interface_name + " in region \"" + endpoint.region + "\"";
  const std::string name(to_string(service));
  return fail(
      Error(Kind::unavailable, "the cloud's catalog has no " + account.endpoint_interface + " " + name + " service" +
                                   (account.region.empty() ? "" : " in region \"" + account.region + "\"") +
                                   (has.empty() ? "" : "; it has " + has) + "; check the region and the project")
          .with("service", name)
          .with("cause", "no_endpoint"));
}

}  // namespace nephele::openstack
