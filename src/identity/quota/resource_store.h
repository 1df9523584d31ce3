// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "identity/quota/model.h"
#include "sql/sql.h"

/// The SQL of registered resources. Every function works in the caller's transaction.
namespace nephele::identity::quota {

namespace resources {

/// Replaces what a service says of its resource; the defaults of one that exists stay.
void save(sql::Tx& tx, const Resource& resource);
void set_policy(sql::Tx& tx, const Resource& resource);
/// Locked until the end of the transaction, which is one that writes.
std::optional<Resource> find(sql::Tx& tx, std::string_view name);
std::vector<Resource> all(sql::Tx& tx);

}  // namespace resources

}  // namespace nephele::identity::quota
