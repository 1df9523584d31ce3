// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sql/sql.h"

namespace nephele::sql {

/// One statement over many rows of parameters, where a loop of statements would be a loop of round trips. The text is
/// `before`, then `($1, $2), ($3, $4) ...`, then `after`.
class Batch {
 public:
  enum class Column : std::uint8_t { text, number };

  /// `name` outlives nothing: it is copied.
  Batch(std::string_view name, std::string_view before, const std::vector<Column>& columns, std::string_view after);

  /// `values` row by row. Runs as few statements as it can, in the order given; the answers in that order too.
  Rows run(Tx& tx, std::span<const Value> values) const;

 private:
  struct Sized {
    std::size_t rows;
    std::string name;
    std::string text;
  };
  std::size_t columns_;
  std::vector<Sized> sizes_;  ///< largest first
};

}  // namespace nephele::sql
