// SPDX-License-Identifier: Apache-2.0
#include "identity/directory/catalog_store.h"
#include "sql/mapped.h"

namespace nephele::identity::directory::store {

namespace {

using sql::mapped;

namespace region_sql {
constexpr sql::Statement find{"identity.region.find",
                              "SELECT id, description, parent_id FROM identity_region WHERE id = $1"};
constexpr sql::Statement all{"identity.region.all",
                             "SELECT id, description, parent_id FROM identity_region ORDER BY id"};
constexpr sql::Statement insert{
    "identity.region.insert",
    "INSERT INTO identity_region (id, description, parent_id) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING"};
constexpr sql::Statement update{"identity.region.update",
                                "UPDATE identity_region SET description = $2, parent_id = $3 WHERE id = $1"};
constexpr sql::Statement has_children{"identity.region.has_children",
                                      "SELECT 1 FROM identity_region WHERE parent_id = $1 LIMIT 1"};
constexpr sql::Statement remove{"identity.region.remove", "DELETE FROM identity_region WHERE id = $1"};
}  // namespace region_sql

namespace service_sql {
constexpr sql::Statement find{
    "identity.service.find",
    "SELECT id, number, type, name, description, enabled, component, public FROM identity_service WHERE id = $1"};
constexpr sql::Statement list{"identity.service.list", R"(
  SELECT id, number, type, name, description, enabled, component, public FROM identity_service
   WHERE (CAST($1 AS TEXT) = '' OR type = $1) AND (CAST($2 AS TEXT) = '' OR name = $2) ORDER BY number)"};
constexpr sql::Statement next_number{
    "identity.service.next_number",
    "UPDATE identity_counter SET value = value + 1 WHERE name = 'service' RETURNING value"};
constexpr sql::Statement insert{"identity.service.insert", R"(
  INSERT INTO identity_service (id, number, type, name, description, enabled, component, public)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8))"};
constexpr sql::Statement update{
    "identity.service.update",
    "UPDATE identity_service SET type = $2, name = $3, description = $4, enabled = $5, component = $6, public = $7 "
    "WHERE id = $1"};
constexpr sql::Statement remove{"identity.service.remove", "DELETE FROM identity_service WHERE id = $1"};
}  // namespace service_sql

namespace endpoint_sql {
constexpr sql::Statement find{
    "identity.endpoint.find",
    "SELECT id, service_id, interface, region_id, url, enabled, version_id FROM identity_endpoint WHERE id = $1"};
constexpr sql::Statement list{"identity.endpoint.list", R"(
  SELECT id, service_id, interface, region_id, url, enabled, version_id FROM identity_endpoint
   WHERE (CAST($1 AS TEXT) = '' OR service_id = $1) AND (CAST($2 AS TEXT) = '' OR interface = $2)
     AND (CAST($3 AS TEXT) = '' OR region_id = $3) ORDER BY service_id, region_id, interface, id)"};
constexpr sql::Statement insert{"identity.endpoint.insert", R"(
  INSERT INTO identity_endpoint (id, service_id, interface, region_id, url, enabled, version_id)
  VALUES ($1, $2, $3, $4, $5, $6, $7))"};
constexpr sql::Statement update{"identity.endpoint.update", R"(
  UPDATE identity_endpoint SET service_id = $2, interface = $3, region_id = $4, url = $5, enabled = $6, version_id = $7
   WHERE id = $1)"};
constexpr sql::Statement remove{"identity.endpoint.remove", "DELETE FROM identity_endpoint WHERE id = $1"};
}  // namespace endpoint_sql

Region to_region(const sql::Row& row) {
  return {.id = RegionId(row.text(0)), .description = row.text(1), .parent = RegionId(row.text(2))};
}
Service to_service(const sql::Row& row) {
  return {.id = ServiceId(row.text(0)),
          .number = row.integer(1),
          .type = row.text(2),
          .name = row.text(3),
          .description = row.text(4),
          .enabled = row.boolean(5),
          .component = row.text(6),
          .is_public = row.boolean(7)};
}
Endpoint to_endpoint(const sql::Row& row) {
  return {.id = EndpointId(row.text(0)),
          .service = ServiceId(row.text(1)),
          .interface = row.text(2),
          .region = RegionId(row.text(3)),
          .url = row.text(4),
          .enabled = row.boolean(5),
          .version = row.text(6)};
}

}  // namespace

std::optional<Region> region(sql::Tx& tx, const RegionId& id) {
  return mapped(tx.maybe_one(region_sql::find, id), to_region);
}
std::vector<Region> regions(sql::Tx& tx) {
  return mapped(tx.query(region_sql::all), to_region);
}
bool insert(sql::Tx& tx, const Region& region) {
  return noted(tx, tx.execute(region_sql::insert, region.id, region.description, region.parent) == 1);
}
bool update(sql::Tx& tx, const Region& region) {
  return noted(tx, tx.execute(region_sql::update, region.id, region.description, region.parent) == 1);
}
bool remove(sql::Tx& tx, const RegionId& id) {
  return noted(tx, tx.execute(region_sql::remove, id) == 1);
}
bool has_children(sql::Tx& tx, const RegionId& id) {
  return tx.maybe_one(region_sql::has_children, id).has_value();
}

std::optional<Service> service(sql::Tx& tx, const ServiceId& id) {
  return mapped(tx.maybe_one(service_sql::find, id), to_service);
}
std::vector<Service> services(sql::Tx& tx, std::string_view type, std::string_view name) {
  return mapped(tx.query(service_sql::list, type, name), to_service);
}
void insert(sql::Tx& tx, Service service) {
  service.number = tx.one(service_sql::next_number).integer(0);
  tx.execute(service_sql::insert, service.id, service.number, service.type, service.name, service.description,
             service.enabled, service.component, service.is_public);
  changed(tx);
}
bool update(sql::Tx& tx, const Service& service) {
  return noted(tx, tx.execute(service_sql::update, service.id, service.type, service.name, service.description,
                              service.enabled, service.component, service.is_public) == 1);
}
bool remove(sql::Tx& tx, const ServiceId& id) {
  return noted(tx, tx.execute(service_sql::remove, id) == 1);
}

std::optional<Endpoint> endpoint(sql::Tx& tx, const EndpointId& id) {
  return mapped(tx.maybe_one(endpoint_sql::find, id), to_endpoint);
}
std::vector<Endpoint> endpoints(sql::Tx& tx, const EndpointFilter& filter) {
  return mapped(tx.query(endpoint_sql::list, filter.service, filter.interface, filter.region), to_endpoint);
}
void insert(sql::Tx& tx, const Endpoint& endpoint) {
  tx.execute(endpoint_sql::insert, endpoint.id, endpoint.service, endpoint.interface, endpoint.region, endpoint.url,
             endpoint.enabled, endpoint.version);
  changed(tx);
}
bool update(sql::Tx& tx, const Endpoint& endpoint) {
  return noted(tx, tx.execute(endpoint_sql::update, endpoint.id, endpoint.service, endpoint.interface, endpoint.region,
                              endpoint.url, endpoint.enabled, endpoint.version) == 1);
}
bool remove(sql::Tx& tx, const EndpointId& id) {
  return noted(tx, tx.execute(endpoint_sql::remove, id) == 1);
}

}  // namespace nephele::identity::directory::store
