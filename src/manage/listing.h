// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "manage/call.h"
#include "manage/column.h"
#include "manage/filter.h"

namespace nephele::manage {

using Row = std::vector<Value>;
/// The next rows, as many as the source likes; none at all is the end.
using RowPages = std::function<Result<std::vector<Row>>()>;

/// A list, however long: `open` begins it from the start, as often as it is called, and its rows have the columns of
/// `needed`, in that order. It may take conditions from `filters`.
struct Listing {
  std::vector<Column> columns;
  std::function<Result<RowPages>(const Call& call, Filters& filters, const std::vector<std::size_t>& needed)> open;
};

/// A column and how it is read from a T.
template <class T>
struct Field {
  Column column;
  std::function<Value(const T&)> get;
};

template <class T>
using Pages = std::function<Result<std::vector<T>>()>;

/// A list of things of one type: a row of `fields` is a column, and nothing else has to be told of a new one.
template <class T>
Listing listing(std::vector<Field<T>> fields, std::function<Result<Pages<T>>(const Call&, Filters&)> open) {
  Listing made;
  for (const auto& field : fields) made.columns.push_back(field.column);
  made.open = [fields = std::move(fields), open = std::move(open)](
                  const Call& call, Filters& filters, const std::vector<std::size_t>& needed) -> Result<RowPages> {
    TRY(auto pages, open(call, filters));
    std::vector<std::function<Value(const T&)>> readers;
    for (const std::size_t column : needed) readers.push_back(fields[column].get);
    return RowPages([readers = std::move(readers), pages = std::move(pages)]() -> Result<std::vector<Row>> {
      TRY(const auto things, pages());
      std::vector<Row> rows;
      rows.reserve(things.size());
      for (const T& thing : things) {
        Row& row = rows.emplace_back();
        row.reserve(readers.size());
        for (const auto& read : readers) row.push_back(read(thing));
      }
      return rows;
    });
  };
  return made;
}

/// Rows that are there already.
template <class T>
Pages<T> one_page(std::vector<T> things) {
  return [things = std::move(things)]() mutable { return Result<std::vector<T>>(std::exchange(things, {})); };
}

/// Prints the list as `call` wants it. Pretty tables need the widths of all cells first: up to `held_max` rows are
/// kept, a longer list is read twice and never held, so that memory does not grow with it. A cell that has become wider
/// between the two readings sticks out; nothing is cut.
inline constexpr std::size_t held_max = 10'000;
Result<> print_list(const Listing& listing, const Call& call, Out& out);

}  // namespace nephele::manage
