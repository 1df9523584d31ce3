// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "sql/sql.h"

namespace nephele::sql {

/// `read` of each row, in their order.
template <class Read>
auto mapped(const Rows& rows, Read read) {
  std::vector<decltype(read(rows.front()))> out;
  out.reserve(rows.size());
  for (const auto& row : rows) out.push_back(read(row));
  return out;
}
/// `read` of the row, if there is one.
template <class Read>
auto mapped(const std::optional<Row>& row, Read read) {
  return row ? std::optional(read(*row)) : std::nullopt;
}

}  // namespace nephele::sql
