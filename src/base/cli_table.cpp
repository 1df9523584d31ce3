// SPDX-License-Identifier: Apache-2.0
#include "base/cli_table.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cstdlib>
#include <cwchar>

#include "base/utf8.h"

namespace nephele::cli {

namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody here sets variables
  return value == nullptr ? std::string_view{} : std::string_view(value);
}

std::size_t terminal_width(int descriptor) {
  const std::string_view columns = variable("COLUMNS");
  std::size_t wanted = 0;
  const auto [stop, ec] = std::from_chars(columns.data(), columns.data() + columns.size(), wanted);
  if (ec == std::errc{} && wanted > 0) return wanted;
  winsize size{};
  constexpr std::size_t usual = 80;
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return usual;
  return size.ws_col;
}

/// One character and the columns it takes. wcwidth() knows wide characters only in a UTF-8 locale; without one it knows
/// ASCII, and every other character counts as one column.
struct Glyph {
  std::string_view bytes;
  std::size_t width;
};

Glyph next_glyph(std::string_view text) {
  const std::size_t length = utf8_sequence(text);
  const char32_t point = utf8_code_point(text);
  const bool control = point < 0x20 || (point >= 0x7f && point <= 0x9f) || point == 0x2028 || point == 0x2029;
  if (length == 0 || control) return {.bytes = "?", .width = 1};
  const int width = ::wcwidth(static_cast<wchar_t>(point));
  return {.bytes = text.substr(0, length), .width = width < 0 ? 1U : static_cast<std::size_t>(width)};
}

std::size_t bytes_of_next(std::string_view text) {
  return std::max<std::size_t>(utf8_sequence(text), 1);
}

/// `text` without what would move the cursor, in at most `width` columns.
std::string fitted(std::string_view text, std::size_t width) {
  std::string out;
  std::size_t used = 0;
  std::size_t cut_at = 0;  // where the text ends when an ellipsis must still fit
  for (; !text.empty(); text.remove_prefix(bytes_of_next(text))) {
    const Glyph glyph = next_glyph(text);
    if (used + glyph.width > width) {
      out.resize(cut_at);
      return out + "\xE2\x80\xA6";
    }
    out += glyph.bytes;
    used += glyph.width;
    if (used + 1 <= width) cut_at = out.size();
  }
  return out;
}

std::string text_of(const json::Value& value) {
  if (value.is_null()) return "-";
  if (const auto* text = value.if_string()) return *text;
  return json::write(value);
}

std::string_view escape_of(Colour colour) {
  switch (colour) {
    case Colour::green:
      return "\x1b[32m";
    case Colour::yellow:
      return "\x1b[33m";
    case Colour::red:
      return "\x1b[31m";
    case Colour::faint:
      return "\x1b[2m";
    case Colour::none:
      break;
  }
  return "";
}

constexpr std::size_t gap = 2;
constexpr std::size_t narrowest = 8;  // below this a column tells nothing

/// Takes columns away from the widest until a line fits or none can give more.
void shrink(std::vector<std::size_t>& widths, std::size_t screen) {
  for (;;) {
    std::size_t line = gap * (widths.size() - 1);
    for (const std::size_t width : widths) line += width;
    const auto widest = std::ranges::max_element(widths);
    if (line <= screen || *widest <= narrowest) return;
    --*widest;
  }
}

}  // namespace

Screen screen_of(int descriptor) {
  Screen screen;
  screen.terminal = ::isatty(descriptor) == 1;
  if (!screen.terminal) return screen;
  screen.colours = variable("NO_COLOR").empty() && variable("TERM") != "dumb";
  screen.width = terminal_width(descriptor);
  return screen;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (; !text.empty(); text.remove_prefix(bytes_of_next(text))) width += next_glyph(text).width;
  return width;
}

void Table::add(std::vector<Cell> row) {
  assert(row.size() == columns_.size());
  rows_.push_back(std::move(row));
}

std::string Table::text(const Screen& screen) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = display_width(columns_[i].heading);
    for (const auto& row : rows_) width = std::max(width, display_width(text_of(row[i].value)));
    widths.push_back(width);
  }
  if (screen.terminal && screen.width > 0 && !widths.empty()) shrink(widths, screen.width);

  std::string out;
  const auto put = [&](std::size_t column, const std::string& whole, Colour colour) {
    const std::string shown = fitted(whole, widths[column]);
    const std::size_t used = display_width(shown);
    const std::string padding(widths[column] - std::min(used, widths[column]), ' ');
    const bool coloured = screen.colours && colour != Colour::none;
    const bool right = columns_[column].align == Align::right;
    const bool last = column + 1 == columns_.size();
    if (right) out += padding;
    if (coloured) out += escape_of(colour);
    out += shown;
    if (coloured) out += "\x1b[0m";
    if (!right && !last) out += padding;
    out += last ? "\n" : std::string(gap, ' ');
  };
  for (std::size_t i = 0; i < columns_.size(); ++i) put(i, columns_[i].heading, Colour::faint);
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < row.size(); ++i) put(i, text_of(row[i].value), row[i].colour);
  return out;
}

json::Value Table::to_json() const {
  json::Array out;
  for (const auto& row : rows_) {
    json::Object object;
    for (std::size_t i = 0; i < row.size(); ++i) object.append(columns_[i].name, row[i].value);
    out.emplace_back(std::move(object));
  }
  return out;
}

}  // namespace nephele::cli
