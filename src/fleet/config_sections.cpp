// SPDX-License-Identifier: Apache-2.0
#include "fleet/config_sections.h"

#include <algorithm>
#include <array>
#include <sstream>

#include "base/ascii.h"
#include "base/settings/config_parser.h"

namespace nephele::fleet {

namespace {

using settings::Node;
using settings::Place;

std::vector<std::string> words_of(std::string_view header) {
  std::istringstream in{std::string(header)};
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(ascii::lowered(word));
  return words;
}

bool made_of(std::string_view name, std::string_view beside_letters_and_digits) {
  return !name.empty() && std::ranges::all_of(name, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || beside_letters_and_digits.contains(c);
  });
}

/// What stands later in the order of reading wins.
class Reader {
 public:
  explicit Reader(const std::vector<ConfigText>& files) {
    for (std::size_t i = 0; i < files.size(); ++i) {
      order_.emplace(files[i].path, i);
      whole_ = whole_ && !files[i].unread;
    }
  }
  void left_out(const std::string& sentence) {
    out.problems.push_back({"", sentence});
    whole_ = false;
  }

  void take(const settings::Entry& section) {
    const std::string header = "[" + section.key + "]";
    const auto words = words_of(section.key);
    if (section.key == "DEFAULT") return;  // each section has it already
    if (words.empty()) return wrong(section, header, "has no name; write [space NAME] or [machinetype SPACE NAME]");
    if (words[0] == "settings" && words.size() == 1) return merge(out.common, header, section);
    if (words[0] == "space") {
      if (words.size() != 2) return wrong(section, header, "write [space NAME]");
      if (!made_of(words[1], ".-"))
        return wrong(section, header, "the name of a space is made of letters, digits, dots and hyphens");
      if (!out.spaces.contains(words[1])) out.space_order.push_back(words[1]);
      return take_space(words[1], header, section);
    }
    if (words[0] == "machinetype") return take_machinetype(words, header, section);
    if (words[0] == "vacuum_pipe") return take_pipe(words, header, section);
    wrong(section, header,
          "its type is not recognised; a section is [settings], [space NAME] or [machinetype SPACE NAME]");
  }

  /// One-word headers, once all spaces are known.
  void settle() {
    std::string space;
    if (const auto* named = out.common.options.entry("vcycle_space")) space = ascii::lowered(*named->value.if_text());
    if (const auto* named = out.common.options.entry("vac_space"); named != nullptr && space.empty())
      space = ascii::lowered(*named->value.if_text());
    add_guides_space(space);
    if (space.empty() && out.spaces.size() == 1) space = out.spaces.begin()->first;
    out.default_space = space;
    for (const auto& [prefix, section] : unplaced_pipes_) {
      if (!space.empty())
        add_pipe(space, prefix, "[" + section.key + "]", section);
      else
        wrong(section, "[" + section.key + "]", "names no space; write [vacuum_pipe SPACE " + prefix + "]");
    }
    for (const auto& [name, section] : unplaced_) {
      if (space.empty()) {
        wrong(section, "[" + section.key + "]",
              "names no space and there are " + std::to_string(out.spaces.size()) + "; write [machinetype SPACE " +
                  name + "] or set vcycle_space in [settings]");
        continue;
      }
      merge(out.machinetypes[space][name], "[" + section.key + "]", section);
    }
  }

  Sections out;

 private:
  void wrong(const settings::Entry& section, const std::string& header, const std::string& what) {
    out.problems.push_back({header, section.value.place().text() + ": " + header + " " + what});
  }

  /// [Space X] and [space x] define the same space, and the later of them is all of it.
  void take_space(const std::string& name, const std::string& header, const settings::Entry& section) {
    auto& has = out.spaces[name];
    if (has.header.empty() || is_later(section.value.place(), has.place))
      has = {header, section.value.place(), section.value};
  }

  /// The guide has no [space ...]: what [settings] says is then all of the space, on this host's own cloud.
  void add_guides_space(const std::string& name) {
    if (name.empty() || out.spaces.contains(name)) return;
    if (!whole_) {
      // Its section may stand in the file that is missing, with another cloud: nothing of it must end up here.
      out.problems.push_back({out.common.header, out.common.place.text() + ": the section [space " + name +
                                                     "] may be in a file that cannot be used; nothing is done there"});
      return;
    }
    Sections::Section made{out.common.header, out.common.place, Node(out.common.place, Node::Table{})};
    for (const auto& option : *out.common.options.if_table())
      if (!is_about_the_factory(option.key)) made.options.set(option.key, option.spelled, option.value);
    if (made.options.entry("api") == nullptr)
      made.options.set("api", "api", Node(out.common.place, std::string("nephele")));
    out.spaces.emplace(name, std::move(made));
    out.space_order.push_back(name);
  }

  void take_machinetype(const std::vector<std::string>& words, const std::string& header,
                        const settings::Entry& section) {
    if (words.size() != 2 && words.size() != 3) return wrong(section, header, "write [machinetype SPACE NAME]");
    if (!is_machinetype_name(words.back()))
      return wrong(section, header, "the name of a machinetype is made of letters, digits and hyphens");
    if (words.size() == 2)
      unplaced_.emplace_back(words[1], section);
    else
      merge(out.machinetypes[words[1]][words[2]], header, section);
  }

  void take_pipe(const std::vector<std::string>& words, const std::string& header, const settings::Entry& section) {
    if (words.size() != 2 && words.size() != 3) return wrong(section, header, "write [vacuum_pipe SPACE PREFIX]");
    if (!is_machinetype_name(words.back()))
      return wrong(section, header, "the prefix of a pipe is made of letters, digits and hyphens");
    if (words.size() == 2)
      unplaced_pipes_.emplace_back(words[1], section);
    else
      add_pipe(words[1], words[2], header, section);
  }

  void add_pipe(const std::string& space, const std::string& prefix, const std::string& header,
                const settings::Entry& section) {
    auto found = std::ranges::find_if(
        out.pipes, [&](const Sections::Pipe& pipe) { return pipe.space == space && pipe.prefix == prefix; });
    if (found == out.pipes.end()) found = out.pipes.insert(found, {.space = space, .prefix = prefix, .section = {}});
    merge(found->section, header, section);
  }

  void merge(Sections::Section& into, const std::string& header, const settings::Entry& section) {
    if (into.header.empty()) {
      into = {header, section.value.place(), section.value};
      return;
    }
    for (const auto& option : *section.value.if_table()) {
      const auto* there = into.options.entry(option.key);
      if (there == nullptr || goes_before(option, *there)) into.options.set(option.key, option.spelled, option.value);
    }
  }

  /// [DEFAULT] stands in for what no section says, wherever it is.
  bool goes_before(const settings::Entry& option, const settings::Entry& there) const {
    const bool usual = is_usual(option, out.defaults), usual_there = is_usual(there, out.defaults);
    return usual == usual_there ? is_later(option.value.place(), there.value.place()) : usual_there;
  }

  bool is_later(const Place& a, const Place& b) const {
    const auto rank = [this](const Place& place) {
      const auto found = order_.find(place.file);
      return found == order_.end() ? std::size_t{0} : found->second;
    };
    return std::pair(rank(a), a.line) > std::pair(rank(b), b.line);
  }

  std::map<std::string, std::size_t> order_;
  bool whole_ = true;  // no file is left out
  std::vector<std::pair<std::string, settings::Entry>> unplaced_, unplaced_pipes_;
};

}  // namespace

bool is_about_the_factory(std::string_view option) {
  constexpr std::array<std::string_view, 5> about{"vcycle_space", "vac_space", "factories", "udp_timeout_seconds",
                                                  "root_public_key"};
  return std::ranges::find(about, option) != about.end() || option.starts_with("user_data_") ||
         option.starts_with("responder_") || option.starts_with("web_") || option.starts_with("joboutputs_");
}

bool is_usual(const settings::Entry& option, const Node& defaults) {
  return std::ranges::any_of(*defaults.if_table(),
                             [&](const auto& usual) { return usual.value.place() == option.value.place(); });
}

bool is_machinetype_name(std::string_view name) {
  return made_of(name, "-");
}

Sections read_sections(const std::vector<ConfigText>& files) {
  Reader reader(files);
  reader.out.common.options = reader.out.defaults = Node({}, Node::Table{});
  settings::ConfigParser parser(settings::Dialect::python2_raw);
  for (const auto& file : files)
    if (const auto read = parser.read(file.text, file.path); !read)
      reader.left_out("Failed to parse " + file.path + " (" + read.error().sentence() +
                      "); nothing of this file is used until it is mended");
  const auto tree = parser.tree();
  if (!tree) {
    reader.out.problems.push_back({"", tree.error().sentence()});
    return std::move(reader.out);
  }
  if (const auto* usual = tree->entry("DEFAULT")) reader.out.defaults = usual->value;
  for (const auto& section : *tree->if_table()) reader.take(section);
  reader.settle();
  return std::move(reader.out);
}

}  // namespace nephele::fleet
