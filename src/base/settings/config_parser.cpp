// SPDX-License-Identifier: Apache-2.0
#include "base/settings/config_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/ascii.h"

namespace nephele::settings {

namespace {

constexpr std::string_view blanks = " \t\n\v\f\r\x1c\x1d\x1e\x1f";  // Python's

/// Takes the next line off `rest`; \n, \r\n and \r end lines.
std::string_view next_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find_first_of("\r\n"), rest.size());
  const std::string_view line = rest.substr(0, end);
  const bool two = rest.substr(end).starts_with("\r\n");
  rest.remove_prefix(std::min(end + (two ? 2 : 1), rest.size()));
  return line;
}

/// The text between brackets when `line` is a section's header. Python 3 looks for the last bracket of the line,
/// Python 2 for the first.
std::optional<std::string_view> header_of(std::string_view line, Dialect dialect) {
  if (!line.starts_with('[')) return std::nullopt;
  const std::size_t end = dialect == Dialect::python3 ? line.rfind(']') : line.find(']');
  if (end == std::string_view::npos || end < 2) return std::nullopt;
  return line.substr(1, end - 1);
}

std::string shown(std::string_view line) {
  constexpr std::size_t shown_max = 40;
  std::string out(line.substr(0, shown_max));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == '\x7f') c = '?';
  return out;
}

/// What a line begins with; what follows may be a password.
std::string begun(std::string_view line) {
  line = ascii::trimmed(line, blanks);
  const std::string_view word = line.substr(0, line.find_first_of("=: \t"));
  return shown(word) + (word.size() < line.size() ? " ..." : "");
}

}  // namespace

ConfigParser::Option* ConfigParser::find(Section& section, std::string_view name) {
  const auto found = std::ranges::find(section.options, name, &Option::name);
  return found == section.options.end() ? nullptr : &*found;
}

/// One file on its way into a copy of the parser, which takes the parser's place when all went well.
struct ConfigParser::FileReader {
  FileReader(ConfigParser& parser, const std::string& name) : into(parser), file(name) {}

  Result<> line(std::string_view text) {
    ++number;
    return into.dialect_ == Dialect::python3 ? line_python3(text) : line_python2(text);
  }

  Result<> line_python3(std::string_view text) {
    const std::string_view content = ascii::trimmed(text, blanks);
    if (content.starts_with('#') || content.starts_with(';')) return {};
    if (content.empty()) {
      if (option != nullptr) option->lines.emplace_back();
      return {};
    }
    const auto column = static_cast<std::size_t>(content.data() - text.data());
    if (section != nullptr && option != nullptr && column > indent) {
      option->lines.emplace_back(content);
      return {};
    }
    indent = column;
    if (const auto header = header_of(content, Dialect::python3)) return open_section(*header);
    const std::size_t split = content.find_first_of("=:");
    if (section != nullptr && (split == std::string_view::npos || split == 0)) return refuse(content);
    return open_option(content, split, content.substr(std::min(split + 1, content.size())));
  }

  Result<> line_python2(std::string_view text) {
    if (ascii::trimmed(text, blanks).empty() || text.front() == '#' || text.front() == ';') return {};
    const std::string word = ascii::lowered(text.substr(0, 3));
    if (word == "rem" && (text.size() == 3 || blanks.contains(text[3]))) return {};
    if (blanks.contains(text.front()) && section != nullptr && option != nullptr) {
      option->lines.emplace_back(ascii::trimmed(text, blanks));
      return {};
    }
    if (const auto header = header_of(text, Dialect::python2_raw)) return open_section(*header);
    const std::size_t split = text.find_first_of("=:");
    if (section != nullptr && (split == std::string_view::npos || split == 0 || blanks.contains(text.front())))
      return refuse(text);
    std::string_view value = ascii::trimmed_left(
        text.substr(std::min(split == std::string_view::npos ? split : split + 1, text.size())), blanks);
    if (const std::size_t comment = value.find(';');
        comment != std::string_view::npos && comment > 0 && blanks.contains(value[comment - 1]))
      value = value.substr(0, comment);
    if (ascii::trimmed(value, blanks) == "\"\"") value = {};
    return open_option(text, split, value);
  }

  Result<> refuse(std::string_view text) const {
    return fail_at(place(), fmt::format("expected [section], name = value or name: value, found '{}'", begun(text)));
  }

  Result<> open_section(std::string_view name) {
    option = nullptr;
    if (name == into.defaults_.name) {
      section = &into.defaults_;
      return {};
    }
    const auto present = std::ranges::find(into.sections_, name, &Section::name);
    if (into.dialect_ == Dialect::python3 && !seen.insert({std::string(name), ""}).second)
      return fail_at(place(), fmt::format("the section [{}] stands twice; join the two", shown(name)));
    section = present != into.sections_.end()
                  ? &*present
                  : &into.sections_.emplace_back(Section{.name = std::string(name), .place = place(), .options = {}});
    return {};
  }

  Result<> open_option(std::string_view text, std::size_t split, std::string_view value) {
    if (section == nullptr) return fail_at(place(), fmt::format("'{}' stands before any [section]", begun(text)));
    const std::string spelled(ascii::trimmed_right(text.substr(0, split), blanks));
    Option fresh{.name = ascii::lowered(spelled), .spelled = spelled, .place = place(), .lines = {}, .value = {}};
    fresh.lines.emplace_back(ascii::trimmed(value, blanks));
    if (into.dialect_ == Dialect::python3 && !seen.insert({section->name, "=" + fresh.name}).second) {
      return fail_at(place(), fmt::format("the option {} stands twice in [{}]; remove one", shown(fresh.name),
                                          shown(section->name)));
    }
    option = find(*section, fresh.name);
    if (option != nullptr) {
      *option = std::move(fresh);
    } else {
      option = &section->options.emplace_back(std::move(fresh));
    }
    return {};
  }

  void join_lines() const {
    const auto join = [this](Section& in) {
      for (Option& each : in.options) {
        if (each.lines.empty()) continue;
        each.value.clear();
        for (const std::string& part : each.lines) each.value += part + "\n";
        each.value.pop_back();
        if (into.dialect_ == Dialect::python3) each.value = std::string(ascii::trimmed_right(each.value, blanks));
        each.lines.clear();
      }
    };
    join(into.defaults_);
    std::ranges::for_each(into.sections_, join);
  }

  Place place() const { return {.file = file, .line = number}; }

  ConfigParser& into;
  const std::string& file;
  int number = 0;
  std::size_t indent = 0;
  Section* section = nullptr;
  Option* option = nullptr;                              // of `section`; its lines may still grow
  std::set<std::pair<std::string, std::string>> seen{};  // sections and "=options" of this file
};

Result<> ConfigParser::read(std::string_view text, const std::string& file) {
  ConfigParser copy = *this;
  FileReader reader(copy, file);
  std::size_t nul = text.find('\0');
  if (nul != std::string_view::npos) {
    const auto lines = std::ranges::count(text.substr(0, nul), '\n');
    return fail_at({.file = file, .line = static_cast<int>(lines) + 1},
                   "the file holds a NUL byte; it is no text file");
  }
  if (text.starts_with("\xEF\xBB\xBF"))
    return fail_at({.file = file, .line = 1}, "begins with a byte order mark; save the file without it");
  for (std::string_view rest = text; !rest.empty();) TRY_VOID(reader.line(next_line(rest)));
  reader.join_lines();
  *this = std::move(copy);
  return {};
}

Result<Node> ConfigParser::tree() const {
  Node root(Place{.file = defaults_.place.file, .line = 1}, Node::Table{});
  if (!defaults_.options.empty()) {
    Node table(defaults_.options.front().place, Node::Table{});
    for (const Option& option : defaults_.options)
      table.set(option.name, option.spelled, Node(option.place, option.value));
    root.set(defaults_.name, defaults_.name, std::move(table));
  }
  for (const Section& section : sections_) {
    Node table(section.place, Node::Table{});
    for (const Section* part : {&defaults_, &section}) {
      for (const Option& option : part->options) {
        if (visible(section, option.name) != &option) continue;  // the section has its own
        TRY(std::string value, expanded(section, option));
        table.set(option.name, option.spelled, Node(option.place, std::move(value)));
      }
    }
    root.set(section.name, section.name, std::move(table));
  }
  return root;
}

}  // namespace nephele::settings
