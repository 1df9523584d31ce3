// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace nephele::apps {

/// Rows for people: columns as wide as their widest cell, no colours, no lines. The same rows for programs: a JSON
/// array of objects whose members are the columns in lower case.
class Table {
 public:
  explicit Table(std::vector<std::string> columns) : columns_(std::move(columns)) {}
  void add(std::vector<json::Value> cells) { rows_.push_back(std::move(cells)); }
  void print(std::ostream& out, bool as_json) const;

 private:
  void print_text(std::ostream& out) const;
  std::vector<std::string> columns_;
  std::vector<std::vector<json::Value>> rows_;
};

/// Characters on the screen of a UTF-8 text; every control character counts as one.
std::size_t display_width(std::string_view text);

}  // namespace nephele::apps
