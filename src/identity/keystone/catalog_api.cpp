// SPDX-License-Identifier: Apache-2.0
#include "identity/keystone/catalog_api.h"

#include <array>

#include "identity/account_name.h"
#include "identity/directory/catalog_store.h"
#include "identity/keystone/fields.h"
#include "identity/keystone/listing.h"
#include "identity/keystone/records.h"

namespace nephele::identity::keystone {

namespace {

using http::Access;
using http::Request;
using http::Response;
using http::Verb;
namespace names = directory::store;

constexpr std::size_t text_bytes_max = 255, url_bytes_max = 2048;

Result<> apply(const json::Object& body, Region& region) {
  TRY(auto description, maybe_text_in(body, "description"));
  TRY(auto parent, maybe_text_in(body, "parent_region_id"));
  if (description) region.description = std::move(*description);
  if (parent) region.parent = RegionId(std::move(*parent));
  TRY_VOID(check_label("region", region.id.text()));
  return check_text("description", region.description, text_bytes_max);
}

Result<> apply(const json::Object& body, Service& service) {
  TRY(auto type, maybe_text_in(body, "type"));
  TRY(auto name, maybe_text_in(body, "name"));
  TRY(auto description, maybe_text_in(body, "description"));
  TRY(const auto enabled, flag_in(body, "enabled"));
  if (type) service.type = std::move(*type);
  if (name) service.name = std::move(*name);
  if (description) service.description = std::move(*description);
  if (enabled) service.enabled = *enabled;
  if (service.type.empty()) return malformed("a service needs a \"type\"");
  TRY_VOID(check_text("type", service.type, text_bytes_max));
  TRY_VOID(check_text("name", service.name, text_bytes_max));
  return check_text("description", service.description, text_bytes_max);
}

Result<> apply(const json::Object& body, Endpoint& endpoint) {
  TRY(auto service, maybe_text_in(body, "service_id"));
  TRY(auto interface, maybe_text_in(body, "interface"));
  TRY(auto region, maybe_text_in(body, "region_id"));
  if (!region) {
    TRY(region, maybe_text_in(body, "region"));
  }
  TRY(auto url, maybe_text_in(body, "url"));
  TRY(const auto enabled, flag_in(body, "enabled"));
  if (service) endpoint.service = ServiceId(std::move(*service));
  if (interface) endpoint.interface = std::move(*interface);
  if (region) endpoint.region = RegionId(std::move(*region));
  if (url) endpoint.url = std::move(*url);
  if (enabled) endpoint.enabled = *enabled;
  if (endpoint.interface != "public" && endpoint.interface != "internal" && endpoint.interface != "admin")
    return malformed("\"interface\" is public, internal or admin");
  if (!endpoint.url.starts_with("http://") && !endpoint.url.starts_with("https://"))
    return malformed("\"url\" is an address that begins with http:// or https://");
  if (!endpoint.region.empty()) TRY_VOID(check_label("region", endpoint.region.text()));
  return check_text("url", endpoint.url, url_bytes_max);
}

constexpr RecordKind<Region> region_kind{
    .name = "region", .find = names::region, .render = region_json, .apply = apply};
constexpr RecordKind<Service> service_kind{
    .name = "service", .find = names::service, .render = service_json, .apply = apply};
constexpr RecordKind<Endpoint> endpoint_kind{
    .name = "endpoint", .find = names::endpoint, .render = endpoint_json, .apply = apply};

/// It exists, and the region is not above itself.
Result<> check_parent(sql::Tx& tx, const Region& region) {
  for (auto above = region.parent; !above.empty();) {
    if (above == region.id) return malformed("a region is not above itself");
    const auto found = names::region(tx, above);
    if (!found) return no_such("region", above.text());
    above = found->parent;
  }
  return {};
}

/// An endpoint's region comes into being with it, as in Keystone's own client.
Result<> place(sql::Tx& tx, const Endpoint& endpoint) {
  if (!names::service(tx, endpoint.service)) return no_such("service", endpoint.service.text());
  if (!endpoint.region.empty()) names::insert(tx, Region{.id = endpoint.region, .description = {}, .parent = {}});
  return {};
}

}  // namespace

std::span<const http::Route<CatalogApi>> CatalogApi::routes() {
  using Api = CatalogApi;
  static constexpr std::array<http::Route<Api>, 15> table{{
      {Verb::get, "/identity/v3/regions", Access::late, &Api::user<&Api::list_regions>},
      {Verb::post, "/identity/v3/regions", Access::late, &Api::admin<&Api::create_region>, body_bytes_max},
      {Verb::get, "/identity/v3/regions/{region}", Access::late, &Api::user<&Api::show_region>},
      {Verb::patch, "/identity/v3/regions/{region}", Access::late, &Api::admin<&Api::change_region>, body_bytes_max},
      {Verb::del, "/identity/v3/regions/{region}", Access::late, &Api::admin<&Api::remove_region>},
      {Verb::get, "/identity/v3/services", Access::late, &Api::admin<&Api::list_services>},
      {Verb::post, "/identity/v3/services", Access::late, &Api::admin<&Api::create_service>, body_bytes_max},
      {Verb::get, "/identity/v3/services/{service}", Access::late, &Api::admin<&Api::show_service>},
      {Verb::patch, "/identity/v3/services/{service}", Access::late, &Api::admin<&Api::change_service>, body_bytes_max},
      {Verb::del, "/identity/v3/services/{service}", Access::late, &Api::admin<&Api::remove_service>},
      {Verb::get, "/identity/v3/endpoints", Access::late, &Api::admin<&Api::list_endpoints>},
      {Verb::post, "/identity/v3/endpoints", Access::late, &Api::admin<&Api::create_endpoint>, body_bytes_max},
      {Verb::get, "/identity/v3/endpoints/{endpoint}", Access::late, &Api::admin<&Api::show_endpoint>},
      {Verb::patch, "/identity/v3/endpoints/{endpoint}", Access::late, &Api::admin<&Api::change_endpoint>,
       body_bytes_max},
      {Verb::del, "/identity/v3/endpoints/{endpoint}", Access::late, &Api::admin<&Api::remove_endpoint>},
  }};
  return table;
}

Task<Result<Response>> CatalogApi::list_regions(Request& request, Standing) {
  CO_TRY(const auto rows, co_await desk_.database.read([](sql::Tx& tx) { return names::regions(tx); }));
  co_return list_answer("regions", rows, rows.size() + 1, request, desk_.links, region_json);
}

Task<Result<Response>> CatalogApi::create_region(Request& request, Standing caller) {
  CO_TRY(auto body, co_await given_in(request, region_kind.name));
  CO_TRY(auto id, text_in(body, "id"));
  Region region{.id = RegionId(id.empty() ? new_id() : id), .description = {}, .parent = {}};
  co_return co_await create_record(desk_, caller, std::move(body), region_kind, std::move(region),
                                   [](sql::Tx& tx, const Region& wanted) -> Result<> {
                                     TRY_VOID(check_parent(tx, wanted));
                                     if (!names::insert(tx, wanted)) return taken("region", wanted.id.text());
                                     return {};
                                   });
}

Task<Result<Response>> CatalogApi::show_region(Request& request, Standing) {
  co_return co_await show_record(desk_, request, region_kind);
}

Task<Result<Response>> CatalogApi::change_region(Request& request, Standing caller) {
  co_return co_await change_record(desk_, caller, request, region_kind,
                                   [](sql::Tx& tx, const Region& region) -> Result<> {
                                     TRY_VOID(check_parent(tx, region));
                                     names::update(tx, region);
                                     return {};
                                   });
}

Task<Result<Response>> CatalogApi::remove_region(Request& request, Standing caller) {
  co_return co_await remove_record(
      desk_, caller, request, region_kind, [](sql::Tx& tx, const RegionId& id) -> Result<bool> {
        if (!names::endpoints(tx, {.region = id.text()}).empty())
          return fail(Kind::forbidden, "The region has endpoints; delete those first.");
        if (names::has_children(tx, id))
          return fail(Kind::forbidden, "The region has regions below it; delete those first.");
        return names::remove(tx, id);
      });
}

Task<Result<Response>> CatalogApi::list_services(Request& request, Standing) {
  CO_TRY(const auto type, text_asked(request, "type"));
  CO_TRY(const auto name, text_asked(request, "name"));
  CO_TRY(const auto rows, co_await desk_.database.read([&](sql::Tx& tx) { return names::services(tx, type, name); }));
  co_return list_answer("services", rows, rows.size() + 1, request, desk_.links, service_json);
}

Task<Result<Response>> CatalogApi::create_service(Request& request, Standing caller) {
  CO_TRY(auto body, co_await given_in(request, service_kind.name));
  Service service{.id = ServiceId(new_id()), .type = {}, .name = {}, .description = {}};
  co_return co_await create_record(desk_, caller, std::move(body), service_kind, std::move(service),
                                   [](sql::Tx& tx, const Service& wanted) -> Result<> {
                                     names::insert(tx, wanted);
                                     return {};
                                   });
}

Task<Result<Response>> CatalogApi::show_service(Request& request, Standing) {
  co_return co_await show_record(desk_, request, service_kind);
}

Task<Result<Response>> CatalogApi::change_service(Request& request, Standing caller) {
  co_return co_await change_record(desk_, caller, request, service_kind,
                                   [](sql::Tx& tx, const Service& service) -> Result<> {
                                     names::update(tx, service);
                                     return {};
                                   });
}

Task<Result<Response>> CatalogApi::remove_service(Request& request, Standing caller) {
  co_return co_await remove_record(desk_, caller, request, service_kind,
                                   [](sql::Tx& tx, const ServiceId& id) { return names::remove(tx, id); });
}

Task<Result<Response>> CatalogApi::list_endpoints(Request& request, Standing) {
  names::EndpointFilter filter;
  CO_TRY(filter.service, text_asked(request, "service_id"));
  CO_TRY(filter.interface, text_asked(request, "interface"));
  CO_TRY(filter.region, text_asked(request, "region_id"));
  CO_TRY(const auto rows, co_await desk_.database.read([&](sql::Tx& tx) { return names::endpoints(tx, filter); }));
  co_return list_answer("endpoints", rows, rows.size() + 1, request, desk_.links, endpoint_json);
}

Task<Result<Response>> CatalogApi::create_endpoint(Request& request, Standing caller) {
  CO_TRY(auto body, co_await given_in(request, endpoint_kind.name));
  Endpoint endpoint{.id = EndpointId(new_id()), .service = {}, .interface = {}, .region = {}, .url = {}};
  co_return co_await create_record(desk_, caller, std::move(body), endpoint_kind, std::move(endpoint),
                                   [](sql::Tx& tx, const Endpoint& wanted) -> Result<> {
                                     TRY_VOID(place(tx, wanted));
                                     names::insert(tx, wanted);
                                     return {};
                                   });
}

Task<Result<Response>> CatalogApi::show_endpoint(Request& request, Standing) {
  co_return co_await show_record(desk_, request, endpoint_kind);
}

Task<Result<Response>> CatalogApi::change_endpoint(Request& request, Standing caller) {
  co_return co_await change_record(desk_, caller, request, endpoint_kind,
                                   [](sql::Tx& tx, const Endpoint& endpoint) -> Result<> {
                                     TRY_VOID(place(tx, endpoint));
                                     names::update(tx, endpoint);
                                     return {};
                                   });
}

Task<Result<Response>> CatalogApi::remove_endpoint(Request& request, Standing caller) {
  co_return co_await remove_record(desk_, caller, request, endpoint_kind,
                                   [](sql::Tx& tx, const EndpointId& id) { return names::remove(tx, id); });
}

}  // namespace nephele::identity::keystone
