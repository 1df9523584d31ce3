// SPDX-License-Identifier: Apache-2.0
#include "sql/batch.h"

#include <array>
#include <stdexcept>

namespace nephele::sql {

namespace {

// What commissions have is one statement; what imports have is a few.
constexpr std::array<std::size_t, 20> sizes{256, 128, 64, 32, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1};

std::string rows_text(std::size_t rows, const std::vector<Batch::Column>& columns) {
  std::string text;
  std::size_t parameter = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    text += row == 0 ? "(" : ", (";
    for (std::size_t column = 0; column < columns.size(); ++column) {
      if (column != 0) text += ", ";
      text += "CAST($" + std::to_string(++parameter) +
              (columns[column] == Batch::Column::text ? " AS TEXT)" : " AS BIGINT)");
    }
    text += ")";
  }
  return text;
}

}  // namespace

Batch::Batch(std::string_view name, std::string_view before, const std::vector<Column>& columns, std::string_view after)
    : columns_(columns.size()) {
  for (const std::size_t rows : sizes)
    sizes_.push_back({rows, std::string(name) + "." + std::to_string(rows),
                      std::string(before) + rows_text(rows, columns) + std::string(after)});
}

Rows Batch::run(Tx& tx, std::span<const Value> values) const {
  if (values.size() % columns_ != 0) throw std::logic_error(sizes_.back().name + ": half a row of parameters");
  Rows all;
  for (const auto& sized : sizes_) {
    const std::size_t taken = sized.rows * columns_;
    while (values.size() >= taken) {
      auto rows = tx.query_list({sized.name, sized.text}, values.first(taken));
      values = values.subspan(taken);
      if (all.empty())
        all = std::move(rows);
      else
        all.insert(all.end(), std::make_move_iterator(rows.begin()), std::make_move_iterator(rows.end()));
    }
    if (values.empty()) break;
  }
  return all;
}

}  // namespace nephele::sql
