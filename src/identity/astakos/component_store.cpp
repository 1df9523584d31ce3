// SPDX-License-Identifier: Apache-2.0
#include "identity/astakos/component_store.h"

#include <charconv>

#include "sql/mapped.h"

namespace nephele::identity::astakos::store {

namespace {

using sql::mapped;

constexpr sql::Statement next_number{
    "identity.component.next_number",
    "UPDATE identity_counter SET value = value + 1 WHERE name = 'component' RETURNING value"};
constexpr sql::Statement insert_row{"identity.component.insert", R"(
  INSERT INTO identity_component (number, name, ui_url, base_url, token_hash, token_created_ms, token_expires_ms)
  VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name) DO NOTHING)"};
constexpr sql::Statement list{"identity.component.list", R"(
  SELECT number, name, ui_url, base_url, token_created_ms, token_expires_ms FROM identity_component ORDER BY number)"};
constexpr sql::Statement by_name{"identity.component.by_name", R"(
  SELECT number, name, ui_url, base_url, token_created_ms, token_expires_ms FROM identity_component WHERE name = $1)"};
constexpr sql::Statement by_number{"identity.component.by_number", R"(
  SELECT number, name, ui_url, base_url, token_created_ms, token_expires_ms FROM identity_component
   WHERE number = $1)"};
constexpr sql::Statement by_hash{"identity.component.by_token", R"(
  SELECT number, name, ui_url, base_url, token_created_ms, token_expires_ms FROM identity_component
   WHERE token_hash = $1)"};
constexpr sql::Statement update_row{"identity.component.update",
                                    "UPDATE identity_component SET ui_url = $2, base_url = $3 WHERE number = $1"};
constexpr sql::Statement token_row{
    "identity.component.set_token",
    "UPDATE identity_component SET token_hash = $2, token_created_ms = $3, token_expires_ms = $4 WHERE number = $1"};
constexpr sql::Statement remove_row{"identity.component.remove", "DELETE FROM identity_component WHERE number = $1"};
constexpr sql::Statement remove_services{"identity.component.remove_services",
                                         "DELETE FROM identity_service WHERE component = $1"};
constexpr sql::Statement service_names{"identity.component.services",
                                       "SELECT name FROM identity_service WHERE component = $1 ORDER BY number"};

Component to_component(const sql::Row& row) {
  return {.number = row.integer(0),
          .name = row.text(1),
          .ui_url = row.text(2),
          .base_url = row.text(3),
          .token_created = row.time(4),
          .token_expires = row.maybe_time(5)};
}

}  // namespace

bool insert(sql::Tx& tx, Component& component, std::string_view token_hash) {
  component.number = tx.one(next_number).integer(0);
  return tx.execute(insert_row, component.number, component.name, component.ui_url, component.base_url, token_hash,
                    component.token_created, component.token_expires) == 1;
}
std::vector<Component> all(sql::Tx& tx) {
  return mapped(tx.query(list), to_component);
}
std::optional<Component> find(sql::Tx& tx, std::string_view name_or_number) {
  if (auto found = mapped(tx.maybe_one(by_name, name_or_number), to_component)) return found;
  std::int64_t number = 0;
  const std::string digits(name_or_number);
  const char* const end = digits.data() + digits.size();
  const auto [stop, ec] = std::from_chars(digits.data(), end, number);
  if (ec != std::errc{} || stop != end) return std::nullopt;
  return mapped(tx.maybe_one(by_number, number), to_component);
}
std::optional<Component> by_token(sql::Tx& tx, std::string_view token_hash) {
  return mapped(tx.maybe_one(by_hash, token_hash), to_component);
}
void update(sql::Tx& tx, const Component& component) {
  tx.execute(update_row, component.number, component.ui_url, component.base_url);
}
void set_token(sql::Tx& tx, const Component& component, std::string_view token_hash) {
  tx.execute(token_row, component.number, token_hash, component.token_created, component.token_expires);
}
void remove(sql::Tx& tx, const Component& component) {
  remove_services_of(tx, component.name);
  tx.execute(remove_row, component.number);
}
void remove_services_of(sql::Tx& tx, const std::string& component) {
  tx.execute(remove_services, component);
}
std::vector<std::string> services_of(sql::Tx& tx, const std::string& component) {
  return mapped(tx.query(service_names, component), [](const sql::Row& row) { return row.text(0); });
}

}  // namespace nephele::identity::astakos::store
