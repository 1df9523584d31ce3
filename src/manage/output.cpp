// SPDX-License-Identifier: Apache-2.0
#include "manage/output.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/cli_table.h"
#include "base/visible.h"

namespace nephele::manage {

Result<Format> format_from(std::string_view text) {
  if (text == "pretty") return Format::pretty;
  if (text == "csv") return Format::csv;
  if (text == "json") return Format::json;
  return fail(Kind::invalid, fmt::format("--output-format is \"{}\"; write pretty, csv or json", text.substr(0, 80)));
}

std::string cell_text(const Value& value) {
  return visible(text_of(value));
}

std::string right_aligned(std::string_view text, std::size_t width) {
  const std::size_t used = cli::display_width(text);
  return std::string(width > used ? width - used : 0, ' ') + std::string(text);
}

std::string csv_cell(const Value& value) {
  if (std::holds_alternative<std::monostate>(value)) return "";
  std::string text = text_of(value);
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

namespace {

/// A line each, the keys padded to one width.
std::vector<std::string> lines_of(const Sheet& sheet, std::string_view between) {
  std::size_t width = 0;
  for (const auto& [key, value] : sheet) width = std::max(width, cli::display_width(key));
  std::vector<std::string> lines;
  for (const auto& [key, value] : sheet) {
    const std::string padding(width - cli::display_width(key), ' ');
    lines.push_back(fmt::format("{}{}{}{}", key, padding, between, cell_text(value)));
  }
  return lines;
}

}  // namespace

void print_sheet(const Sheet& sheet, Format format, Out& out) {
  if (format == Format::json) {
    json::Object object;
    for (const auto& [key, value] : sheet) object.append(key, json_of(value));
    out.print(json::pretty(json::Value(std::move(object))) + "\n");
    return;
  }
  if (format == Format::csv) {
    std::string keys;
    std::string values;
    for (const auto& [key, value] : sheet) {
      const char* const between = keys.empty() ? "" : ",";
      keys += between + csv_cell(key);
      values += between + csv_cell(value);
    }
    out.print(keys + "\r\n" + values + "\r\n");
    return;
  }
  for (const std::string& line : lines_of(sheet, " : ")) out.print(line + "\n");
}

void print_titled_sheet(std::string_view title, const Sheet& sheet, Format format, Out& out) {
  if (format != Format::pretty) return print_sheet(sheet, format, out);
  const auto lines = lines_of(sheet, " | ");
  const std::string shown = visible(title);
  std::size_t width = cli::display_width(shown);
  for (const std::string& line : lines) width = std::max(width, cli::display_width(line));
  const std::string rule = std::string(width, '-') + "\n";
  const std::string margin((width - cli::display_width(shown)) / 2, ' ');
  out.print(rule + margin + shown + "\n" + rule);
  for (const std::string& line : lines) out.print(line + "\n");
}

}  // namespace nephele::manage
