// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/settings/tree.h"

/// Files of sections and options, as Python's ConfigParser reads them. Option names are folded to lower case,
/// `[DEFAULT]` gives its options to every section, indented lines continue a value.
namespace nephele::settings {

enum class Dialect : std::uint8_t {
  /// Python 3's ConfigParser: `%%` and `%(name)s` are replaced, a section or option that stands twice in one file is
  /// an error, `#` and `;` begin a comment only at the start of a line (indented or not), blank lines inside a value
  /// stay.
  python3,
  /// Python 2's RawConfigParser, which Vcycle uses (its specification, 1.2): `%` is a character like others, the last
  /// of two options wins, `;` after a blank begins a comment, full-line comments begin in the first column with `#`,
  /// `;` or the word rem, blank lines inside a value vanish.
  python2_raw,
};

/// Several files read one after the other, later ones over earlier ones.
class ConfigParser {
 public:
  explicit ConfigParser(Dialect dialect) : dialect_(dialect) {}

  /// On an error nothing of this file is kept.
  Result<> read(std::string_view text, const std::string& file);

  /// A table of sections; each is a table of its options and those of [DEFAULT], all values texts. The first section
  /// is "DEFAULT" when it holds anything. Fails when a value refers to an option that does not exist.
  Result<Node> tree() const;

 private:
  struct Option {
    std::string name;     // folded
    std::string spelled;  // as written
    Place place;
    std::vector<std::string> lines;
    std::string value;
  };
  struct Section {
    std::string name;
    Place place;
    std::vector<Option> options;
  };
  struct FileReader;
  struct Expansion;

  static Option* find(Section& section, std::string_view name);
  const Option* visible(const Section& section, std::string_view name) const;
  Result<std::string> expanded(const Section& section, const Option& option) const;

  Dialect dialect_;
  Section defaults_{.name = "DEFAULT", .place = {}, .options = {}};
  std::vector<Section> sections_;
};

}  // namespace nephele::settings
