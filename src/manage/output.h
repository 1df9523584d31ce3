// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "manage/value.h"

namespace nephele::manage {

/// Where a verb's words go: standard output, and the log of commands beside it.
class Out {
 public:
  virtual ~Out() = default;
  virtual void print(std::string_view text) = 0;
  /// What must be seen by the person and by nobody else: a new password, a token. No log gets it.
  virtual void print_secret(std::string_view text) { print(text); }
  /// What was printed is seen now: before a question. False when something of it could not be written.
  virtual bool flush() { return true; }
};

enum class Format : std::uint8_t { pretty, csv, json };
Result<Format> format_from(std::string_view text);

/// Controls are escaped, so that no value moves a terminal's cursor or ends a line.
std::string cell_text(const Value& value);
/// `text` in at least `width` columns of a terminal, at their right.
std::string right_aligned(std::string_view text, std::size_t width);
/// Quoted where it must be (RFC 4180), as Python's csv module does it; nothing is an empty field.
std::string csv_cell(const Value& value);

/// What a show verb answers: names and values in their order.
using Sheet = std::vector<std::pair<std::string, Value>>;
/// pretty: `key : value`, the keys padded to one width. csv: a line of keys and one of values. json: an object.
void print_sheet(const Sheet& sheet, Format format, Out& out);
/// What an inspect verb answers: pretty is a table `key | value` under a centred title, the others as above.
void print_titled_sheet(std::string_view title, const Sheet& sheet, Format format, Out& out);

}  // namespace nephele::manage
