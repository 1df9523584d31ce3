// SPDX-License-Identifier: Apache-2.0
#include "apps/nephele/table.h"

#include <algorithm>
#include <cctype>
#include <ostream>

namespace nephele::apps {

namespace {

/// A cell as one line: names may hold anything.
std::string cell_text(const json::Value& cell) {
  std::string text = cell.if_string() != nullptr ? *cell.if_string() : cell.is_null() ? "" : json::write(cell);
  std::ranges::replace_if(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return text;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  // Characters, not columns: wide scripts are rare in names, and every terminal draws them its own way.
  return static_cast<std::size_t>(std::ranges::count_if(text, [](unsigned char c) { return (c & 0xC0U) != 0x80U; }));
}

void Table::print(std::ostream& out, bool as_json) const {
  if (!as_json) return print_text(out);
  json::Array rows;
  for (const auto& cells : rows_) {
    json::Object row;
    for (std::size_t i = 0; i < columns_.size(); ++i) row.set(lower(columns_[i]), cells.at(i));
    rows.emplace_back(std::move(row));
  }
  out << json::pretty(json::Value(std::move(rows))) << '\n';
}

void Table::print_text(std::ostream& out) const {
  std::vector<std::vector<std::string>> lines{columns_};
  for (const auto& cells : rows_) {
    auto& line = lines.emplace_back();
    for (const auto& cell : cells) line.push_back(cell_text(cell));
  }
  std::vector<std::size_t> widths(columns_.size());
  for (const auto& line : lines)
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], display_width(line[i]));
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      out << line[i];
      if (i + 1 < line.size()) out << std::string(widths[i] - display_width(line[i]) + 2, ' ');
    }
    out << '\n';
  }
}

}  // namespace nephele::apps
