// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/astakos/components.h"
#include "sql/sql.h"

/// All SQL of components.
namespace nephele::identity::astakos::store {

/// Draws the number; false when the name is taken.
bool insert(sql::Tx& tx, Component& component, std::string_view token_hash);
std::vector<Component> all(sql::Tx& tx);
/// By name, else by number.
std::optional<Component> find(sql::Tx& tx, std::string_view name_or_number);
std::optional<Component> by_token(sql::Tx& tx, std::string_view token_hash);
void update(sql::Tx& tx, const Component& component);
void set_token(sql::Tx& tx, const Component& component, std::string_view token_hash);
/// With its services and their endpoints.
void remove(sql::Tx& tx, const Component& component);
/// With their endpoints.
void remove_services_of(sql::Tx& tx, const std::string& component);
std::vector<std::string> services_of(sql::Tx& tx, const std::string& component);

}  // namespace nephele::identity::astakos::store
