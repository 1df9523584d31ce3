// SPDX-License-Identifier: Apache-2.0
#include "identity/quota/resource_store.h"

namespace nephele::identity::quota {

namespace resources {

namespace {

#define RESOURCE_COLUMNS \
  "name, description, unit, service_type, service_origin, system_default, project_default, ui_visible, api_visible"

constexpr sql::Statement save_row{
    "quota.resource.save",
    "INSERT INTO identity_resource (" RESOURCE_COLUMNS
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (name) DO UPDATE SET description = "
    "excluded.description, "
    "unit = excluded.unit, service_type = excluded.service_type, service_origin = excluded.service_origin, "
    "ui_visible = excluded.ui_visible, api_visible = excluded.api_visible"};
constexpr sql::Statement policy_row{"quota.resource.policy", R"(
  UPDATE identity_resource SET system_default = $2, project_default = $3, ui_visible = $4, api_visible = $5
   WHERE name = $1)"};
// A change of nothing: it takes the row's lock on both engines.
constexpr sql::Statement find_row{
    "quota.resource.find", "UPDATE identity_resource SET unit = unit WHERE name = $1 RETURNING " RESOURCE_COLUMNS};
constexpr sql::Statement all_rows{"quota.resource.all",
                                  "SELECT " RESOURCE_COLUMNS " FROM identity_resource ORDER BY name"};

#undef RESOURCE_COLUMNS

Resource resource_from(const sql::Row& row) {
  return {.name = row.text(0),
          .description = row.text(1),
          .unit = row.text(2),
          .service_type = row.text(3),
          .service_origin = row.text(4),
          .system_default = row.integer(5),
          .project_default = row.integer(6),
          .ui_visible = row.boolean(7),
          .api_visible = row.boolean(8)};
}

}  // namespace

void save(sql::Tx& tx, const Resource& resource) {
  tx.execute(save_row, resource.name, resource.description, resource.unit, resource.service_type,
             resource.service_origin, resource.system_default, resource.project_default, resource.ui_visible,
             resource.api_visible);
}

void set_policy(sql::Tx& tx, const Resource& resource) {
  tx.execute(policy_row, resource.name, resource.system_default, resource.project_default, resource.ui_visible,
             resource.api_visible);
}

std::optional<Resource> find(sql::Tx& tx, std::string_view name) {
  const auto row = tx.maybe_one(find_row, name);
  return row ? std::optional(resource_from(*row)) : std::nullopt;
}

std::vector<Resource> all(sql::Tx& tx) {
  std::vector<Resource> found;
  for (const auto& row : tx.query(all_rows)) found.push_back(resource_from(row));
  return found;
}

}  // namespace resources

}  // namespace nephele::identity::quota
