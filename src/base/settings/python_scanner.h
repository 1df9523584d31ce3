// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/settings/tree.h"

namespace nephele::settings {

/// Walks over the characters of a `NAME = literal` file and reads the leaves: blanks and comments, names, texts,
/// numbers. The grammar above them is in python_literal.cpp.
class PythonScanner {
 public:
  PythonScanner(std::string_view text, std::string file);

  bool at_end() const noexcept { return at_ >= text_.size(); }
  char peek(std::size_t ahead = 0) const noexcept { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool at_line_end() const noexcept { return at_end() || peek() == '\n'; }
  bool at_column_0() const noexcept { return at_ == 0 || text_[at_ - 1] == '\n'; }
  void step() noexcept;
  /// Takes `wanted` when it comes next.
  bool take(std::string_view wanted) noexcept;
  /// A place to come back to.
  struct Mark {
    std::size_t at = 0;
    int line = 1;
  };
  Mark mark() const noexcept { return {.at = at_, .line = line_}; }
  void rewind(Mark mark) noexcept {
    at_ = mark.at;
    line_ = mark.line;
  }
  Place place() const { return {.file = file_, .line = line_}; }

  /// Inside brackets line ends are blanks too. A backslash before a line end joins the lines everywhere.
  void skip_blanks(bool inside_brackets) noexcept;
  void skip_line() noexcept;
  /// To the next line that may begin a statement: one with a name in its first column.
  void skip_statement() noexcept;

  bool at_name() const noexcept;
  std::string name();
  /// Whether a text begins here, with or without a prefix.
  bool at_text() const noexcept;
  Result<std::string> text();
  bool at_number() const noexcept;
  Result<Node> number();

  /// What comes next, for a message.
  std::string found() const;

 private:
  struct Prefix {
    std::size_t length = 0;
    bool raw = false;
    bool bytes = false;
    bool formatted = false;
  };
  Prefix prefix() const noexcept;
  Result<> escape(const Prefix& prefix, std::string& out);
  Result<> code_point(std::size_t digits, bool byte, std::string& out);

  std::string text_;
  std::string file_;
  std::size_t at_ = 0;
  int line_ = 1;
};

}  // namespace nephele::settings
