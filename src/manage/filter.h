// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "manage/column.h"

namespace nephele::manage {

enum class Op : std::uint8_t { equal, unequal, greater, greater_equal, less, less_equal };

struct Condition {
  std::size_t column;  ///< its place among the listing's columns
  Op op;
  Value value;
};

/// What --filter-by says. A source of rows may take conditions that it can put into its query; the others are judged
/// row by row.
class Filters {
 public:
  /// "k=v,k!=v,k>v,k>=v,k<v,k<=v"; all must hold. A value cannot hold a comma.
  static Result<Filters> parse(std::string_view text, std::span<const Column> columns);

  /// Hands a condition over: who takes it must honour it. Nothing when there is none such.
  std::optional<Value> take(std::string_view column, Op op);
  const std::vector<Condition>& left() const noexcept { return conditions_; }

 private:
  std::span<const Column> columns_;
  std::vector<Condition> conditions_;
};

/// Nothing is equal to nothing, and neither less nor more than anything. A list equals each of its items. Texts are
/// compared by their bytes.
bool holds(const Value& found, Op op, const Value& wanted);

}  // namespace nephele::manage
