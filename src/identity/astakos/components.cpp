// SPDX-License-Identifier: Apache-2.0
#include "identity/astakos/components.h"

#include <algorithm>

#include "identity/account_name.h"
#include "identity/astakos/component_store.h"
#include "identity/directory/catalog_store.h"
#include "identity/keystone/fields.h"
#include "identity/keystone/listing.h"
#include "identity/life/store.h"

namespace nephele::identity::astakos {

namespace {

using keystone::malformed;
namespace names = directory::store;

constexpr std::size_t token_bytes = 32, token_text_max = 128, url_bytes_max = 2048;

std::unexpected<Error> unknown(const std::string& name) {
  return fail(Kind::not_found, "no component has the name or id " + name + "; component-list shows all");
}

Result<> check_url(std::string_view what, const std::string& url) {
  if (url.empty() || url.starts_with("http://") || url.starts_with("https://"))
    return check_text(what, url, url_bytes_max);
  return malformed("the " + std::string(what) + " begins with http:// or https://");
}

Result<> check(const Component& component) {
  TRY_VOID(check_label("component", component.name));
  TRY_VOID(check_url("UI URL", component.ui_url));
  return check_url("base URL", component.base_url);
}

Result<quota::Resource> resource_of(const json::Object& given, const std::string& service) {
  quota::Resource resource;
  TRY(resource.name, keystone::text_in(given, "name"));
  TRY(resource.description, keystone::text_in(given, "desc"));
  TRY(resource.unit, keystone::text_in(given, "unit"));
  TRY(resource.service_type, keystone::text_in(given, "service_type"));
  TRY(resource.service_origin, keystone::text_in(given, "service_origin"));
  TRY(const auto ui, keystone::flag_in(given, "ui_visible"));
  TRY(const auto api, keystone::flag_in(given, "api_visible"));
  resource.api_visible = api.value_or(true);
  resource.ui_visible = ui.value_or(true);
  if (resource.name.empty()) return malformed("a resource of " + service + " has no \"name\"");
  if (resource.service_origin != service)
    return malformed("the \"service_origin\" of " + resource.name + " is not " + service);
  return resource;
}

Result<Endpoint> endpoint_of(const json::Value& given, const ServiceId& service) {
  const auto* object = given.if_object();
  if (object == nullptr) return malformed("\"endpoints\" is a list of objects");
  Endpoint endpoint{.id = EndpointId(keystone::new_id()),
                    .service = service,
                    .interface = "public",
                    .region = RegionId("default"),
                    .url = {}};
  TRY(endpoint.version, keystone::text_in(*object, "versionId"));
  TRY(endpoint.url, keystone::text_in(*object, "publicURL"));
  if (endpoint.url.empty()) return malformed("an endpoint has no \"publicURL\"");
  TRY_VOID(check_url("publicURL", endpoint.url));
  return endpoint;
}

/// Components are registered at this machine's keyboard.
void note(sql::Tx& tx, std::string event, std::string details, Time now) {
  life::store::insert(
      tx, {.at = now, .account = {}, .actor = "operator", .event = std::move(event), .details = std::move(details)});
}

}  // namespace

Components::Components(sql::Database& database, quota::Quotas& quotas, const SecretKey& key, const Clock& clock)
    : database_(database), quotas_(quotas), key_(key), clock_(clock) {}

std::string Components::hash_of(const Secret& token) const {
  return key_.keyed_hash(token.reveal(), "identity.component");
}

Task<Result<std::pair<Component, Secret>>> Components::add(Component wanted) {
  CO_TRY_VOID(check(wanted));
  Secret token(random_token(token_bytes));
  wanted.token_created = clock_.now();
  CO_TRY_VOID(co_await database_.write([&](sql::Tx& tx) -> Result<> {
    if (store::insert(tx, wanted, hash_of(token))) {
      note(tx, "component.created", wanted.name, clock_.now());
      return {};
    }
    return fail(Kind::conflict, "a component \"" + wanted.name + "\" exists already");
  }));
  co_return std::pair(std::move(wanted), std::move(token));
}

Task<Result<std::vector<Component>>> Components::list() {
  co_return co_await database_.read([](sql::Tx& tx) { return store::all(tx); });
}

Task<Result<Component>> Components::find(std::string name_or_number) {
  CO_TRY(auto found, co_await database_.read([&](sql::Tx& tx) { return store::find(tx, name_or_number); }));
  if (!found) co_return unknown(name_or_number);
  co_return std::move(*found);
}

Task<Result<Component>> Components::modify(std::string name_or_number, ComponentChange change) {
  const Time now = clock_.now();
  co_return co_await database_.write([&](sql::Tx& tx) -> Result<Component> {
    auto found = store::find(tx, name_or_number);
    if (!found) return unknown(name_or_number);
    if (change.ui_url) found->ui_url = *change.ui_url;
    if (change.base_url) found->base_url = *change.base_url;
    TRY_VOID(check(*found));
    store::update(tx, *found);
    if (change.token) {
      found->token_created = now;
      store::set_token(tx, *found, hash_of(*change.token));
    }
    if (change.ui_url || change.base_url || change.token)
      note(tx, "component.changed", found->name + (change.token ? " with a new token" : ""), now);
    return std::move(*found);
  });
}

Task<Result<Secret>> Components::renew_token(std::string name_or_number) {
  Secret token(random_token(token_bytes));
  CO_TRY_VOID(co_await modify(std::move(name_or_number), {.token = token}));
  co_return token;
}

Task<Result<>> Components::remove(std::string name_or_number) {
  co_return co_await database_.write([&](sql::Tx& tx) -> Result<> {
    const auto found = store::find(tx, name_or_number);
    if (!found) return unknown(name_or_number);
    store::remove(tx, *found);
    note(tx, "component.removed", found->name, clock_.now());
    names::changed(tx);
    return {};
  });
}

Task<Result<std::pair<Component, std::vector<std::string>>>> Components::by_token(Secret token) {
  using Found = std::pair<Component, std::vector<std::string>>;
  if (token.empty() || token.reveal().size() > token_text_max) co_return fail(Kind::unauthorized, "Invalid token");
  const std::string hash = hash_of(token);
  const Time now = clock_.now();
  co_return co_await database_.read([&](sql::Tx& tx) -> Result<Found> {
    auto found = store::by_token(tx, hash);
    if (!found) return fail(Kind::unauthorized, "Invalid token");
    if (found->token_expires && *found->token_expires <= now) return fail(Kind::unauthorized, "Authentication expired");
    auto services = store::services_of(tx, found->name);
    return Found(std::move(*found), std::move(services));
  });
}

Task<Result<std::size_t>> Components::purge_services(std::string name_or_number) {
  co_return co_await database_.write([&](sql::Tx& tx) -> Result<std::size_t> {
    const auto found = store::find(tx, name_or_number);
    if (!found) return unknown(name_or_number);
    const auto services = store::services_of(tx, found->name);
    store::remove_services_of(tx, found->name);
    note(tx, "component.purged", found->name, clock_.now());
    names::changed(tx);
    return services.size();
  });
}

Result<> Components::import_resources(sql::Tx& tx, const std::string& service, const json::Object& given,
                                      Imported& so_far) const {
  for (const auto& [key, value] : given) {
    if (value.if_object() == nullptr) return malformed("the resource " + key + " of " + service + " is no object");
    TRY(auto resource, resource_of(*value.if_object(), service));
    std::string called = resource.name;
    TRY(const bool is_new, quotas_.register_resource(tx, std::move(resource)));
    if (!is_new) continue;
    so_far.notes.push_back("Resource '" + called + "' created in database with unlimited quota.");
    TRY(auto rest, projects::spread_default(tx, quotas_, {.resource = std::move(called), .after = {}}));
    if (rest) so_far.spreading.push_back(std::move(*rest));
  }
  return {};
}

namespace {

/// What is there already keeps its id.
void replace_endpoints(sql::Tx& tx, const ServiceId& service, std::vector<Endpoint> wanted) {
  const auto same = [](const Endpoint& a, const Endpoint& b) {
    return a.url == b.url && a.version == b.version && a.interface == b.interface && a.region == b.region;
  };
  for (const auto& old : names::endpoints(tx, {.service = service.text()})) {
    const auto kept = std::ranges::find_if(wanted, [&](const Endpoint& each) { return same(each, old); });
    if (kept == wanted.end())
      names::remove(tx, old.id);
    else
      wanted.erase(kept);
  }
  for (const auto& endpoint : wanted) {
    names::insert(tx, Region{.id = endpoint.region, .description = {}, .parent = {}});
    names::insert(tx, endpoint);
  }
}

bool below(std::string_view url, std::string_view base) {
  while (base.ends_with('/')) base.remove_suffix(1);
  return url.starts_with(base) && (url.size() == base.size() || url[base.size()] == '/');
}

}  // namespace

Result<> Components::import_one(sql::Tx& tx, const std::string& name, const json::Object& given,
                                Imported& so_far) const {
  TRY(const auto component, keystone::text_in(given, "component"));
  TRY(auto type, keystone::text_in(given, "type"));
  TRY(const auto shown, keystone::flag_in(given, "public"));
  const auto owner = store::find(tx, component);
  if (!owner || owner->name != component) return unknown(component);
  auto there = names::services(tx, "", name);
  const bool added = there.empty();
  if (!added && there.front().component != component)
    return fail(Kind::conflict, "the service " + name + " is another component's");
  Service service =
      added ? Service{.id = ServiceId(keystone::new_id()), .type = {}, .name = name, .description = {}} : there.front();
  service.type = std::move(type);
  service.component = component;
  service.is_public = shown.value_or(true);
  if (added)
    names::insert(tx, service);
  else
    names::update(tx, service);
  so_far.notes.push_back((added ? "Added service " : "Updated service ") + name + ".");
  std::vector<Endpoint> wanted;
  if (const auto* endpoints = given.find("endpoints"); endpoints != nullptr && endpoints->if_array() != nullptr) {
    for (const auto& each : *endpoints->if_array()) {
      TRY(auto endpoint, endpoint_of(each, service.id));
      if (!owner->base_url.empty() && !below(endpoint.url, owner->base_url))
        so_far.notes.push_back("Warning: " + endpoint.url + " of " + name + " is not below " + owner->base_url +
                               ", the base URL of " + component + ".");
      wanted.push_back(std::move(endpoint));
    }
  }
  replace_endpoints(tx, service.id, std::move(wanted));
  TRY(const auto* resources, keystone::object_in(given, "resources"));
  return resources == nullptr ? Result<>() : import_resources(tx, name, *resources, so_far);
}

Task<Result<ImportNotes>> Components::import_services(json::Value exported) {
  const auto* services = exported.if_object();
  if (services == nullptr) co_return malformed("the export is an object with services by their names");
  CO_TRY(auto imported, co_await database_.write([&](sql::Tx& tx) -> Result<Imported> {
    Imported so_far;
    for (const auto& [name, value] : *services) {
      if (value.if_object() == nullptr) return malformed("the service " + name + " is no object");
      TRY_VOID(import_one(tx, name, *value.if_object(), so_far));
      note(tx, "service.imported", name, clock_.now());
    }
    names::changed(tx);
    return so_far;
  }));
  CO_TRY_VOID(co_await projects::spread_defaults(database_, quotas_, std::move(imported.spreading)));
  co_return std::move(imported.notes);
}

}  // namespace nephele::identity::astakos
