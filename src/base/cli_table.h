// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

/// What a program prints: the same rows as a table for people and as JSON for scripts.
namespace nephele::cli {

/// What the other end of standard output is.
struct Screen {
  bool terminal = false;
  bool colours = false;   ///< a terminal, and neither NO_COLOR nor TERM=dumb
  std::size_t width = 0;  ///< columns of the terminal (COLUMNS goes first); 0 in a pipe: nothing is cut
};

/// Looks at a descriptor (1 is standard output) and the environment.
Screen screen_of(int descriptor);

enum class Align : std::uint8_t { left, right };
enum class Colour : std::uint8_t { none, green, yellow, red, faint };

/// A column: the heading that people see and the name that scripts see.
struct Column {
  std::string name;     ///< "vm_id", the member's name in JSON
  std::string heading;  ///< "VM"
  Align align = Align::left;
};

/// A value of a row. In a table it is its text; in JSON it keeps its type.
struct Cell {
  Cell(json::Value v) : value(std::move(v)) {}  // NOLINT(google-explicit-constructor): rows read as lists of values
  template <class T>
    requires std::constructible_from<json::Value, T>
  Cell(T v) : value(std::move(v)) {}  // NOLINT(google-explicit-constructor)
  Cell(json::Value v, Colour c) : value(std::move(v)), colour(c) {}

  json::Value value;
  Colour colour = Colour::none;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// As many cells as there are columns.
  void add(std::vector<Cell> row);
  bool empty() const noexcept { return rows_.empty(); }

  /// Headings and rows, a line each, two blanks between the columns. On a terminal the widest column is cut with an
  /// ellipsis until the line fits. What would move the cursor is shown as '?'.
  std::string text(const Screen& screen) const;
  /// An array of objects.
  json::Value to_json() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

/// The columns that a text takes on a terminal (2 for a Chinese character, 0 for a combining accent).
std::size_t display_width(std::string_view text);

}  // namespace nephele::cli
