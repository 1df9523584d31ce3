// SPDX-License-Identifier: Apache-2.0
#include "base/settings/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ranges>

#include "base/ascii.h"
#include "base/utf8.h"

namespace nephele::settings {

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nobody here sets variables
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
}

namespace {

/// The names of a row in files, its own first.
std::vector<std::string> names_of(const Key& key) {
  std::vector<std::string> names{key.name};
  names.insert(names.end(), key.doc.aliases.begin(), key.doc.aliases.end());
  return names;
}

/// A plain value on the way to a dotted name is a mistake of the file.
Result<> check_way(const Node& root, std::string_view path) {
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.', dot + 1)) {
    const Entry* step = root.at(path.substr(0, dot));
    if (step == nullptr || step->value.type() == Type::none || step->value.type() == Type::table) continue;
    return fail_at(step->value.place(), fmt::format("{} is {}; write a table with {} in it", step->spelled,
                                                    json::write(step->value.to_json()), path.substr(dot + 1)));
  }
  return {};
}

std::string shown(const Node& node) {
  std::string text = json::write(node.to_json());
  constexpr std::size_t shown_max = 80;
  if (text.size() <= shown_max) return text;
  std::size_t end = shown_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80) --end;
  return text.substr(0, end) + "...";
}

/// The number of letters to put in, take out, change or swap with a neighbour to make one word of the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

class UnknownKeys {
 public:
  UnknownKeys(std::span<const Key> known, std::span<const Obsolete> obsolete) : obsolete_(obsolete) {
    for (const Key& key : known) std::ranges::move(names_of(key), std::back_inserter(names_));
  }

  void look(const Node& node, const std::string& prefix) {
    for (const Entry& entry : *node.if_table()) {
      const std::string path = prefix + entry.key;
      if (std::ranges::find(names_, path) != names_.end()) continue;
      if (const auto old = std::ranges::find(obsolete_, path, &Obsolete::name); old != obsolete_.end()) {
        warnings.push_back(
            fmt::format("{}: {} is no longer used; {}", entry.value.place().text(), entry.spelled, old->advice));
      } else if (!leads_on(path)) {
        unknown(entry, path);
      } else if (entry.value.if_table() != nullptr) {
        look(entry.value, path + ".");
      }
    }
  }

  std::vector<std::string> warnings;

 private:
  bool leads_on(const std::string& path) const {
    const auto inside = [&path](const std::string& name) { return name.starts_with(path + "."); };
    return std::ranges::any_of(names_, inside) || std::ranges::any_of(obsolete_, inside, &Obsolete::name);
  }

  void unknown(const Entry& entry, const std::string& path) {
    std::string sentence = fmt::format("{}: {} is not a known setting", entry.value.place().text(), shown_name(entry));
    if (const auto near = did_you_mean(path, names_)) {
      const std::size_t common = path.rfind('.') == std::string::npos ? 0 : path.rfind('.') + 1;
      const bool beside = near->size() > common && near->compare(0, common, path, 0, common) == 0;
      const std::string name = beside ? near->substr(common) : *near;
      sentence += fmt::format("; did you mean {}?", entry.spelled.starts_with(':') ? ":" + name + ":" : name);
    }
    warnings.push_back(std::move(sentence));
  }

  static std::string shown_name(const Entry& entry) {
    std::string out;
    for (const char c : entry.spelled.substr(0, 80)) out += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    return out;
  }

  std::vector<std::string> names_;
  std::span<const Obsolete> obsolete_;
};

}  // namespace

Result<std::optional<Chosen>> choose(const Key& key, const Sources& sources) {
  std::optional<Chosen> chosen;
  for (const Node& root : sources.files) {
    for (const std::string& name : names_of(key)) {
      TRY_VOID(check_way(root, name));
      const Entry* entry = root.at(name);
      if (entry == nullptr) continue;
      chosen = Chosen{.node = entry->value,
                      .spelled = entry->spelled,
                      .origin = {.from = From::file, .where = entry->value.place().text()}};
      break;  // within one file the row's own name wins over its aliases
    }
  }
  if (!key.doc.environment.empty() && sources.environment) {
    if (auto value = sources.environment(key.doc.environment)) {
      const Origin origin{.from = From::environment, .where = "environment " + key.doc.environment};
      chosen = Chosen{
          .node = Node({.file = "environment"}, std::move(*value)), .spelled = key.doc.environment, .origin = origin};
    }
  }
  for (const auto& [flag, value] : sources.flags) {
    if (key.doc.flag.empty() || flag != key.doc.flag) continue;
    const Origin origin{.from = From::flag, .where = "flag " + flag};
    chosen = Chosen{.node = Node({.file = "command line"}, value), .spelled = flag, .origin = origin};
  }
  return chosen;
}

Error refused(const Key& key, const Chosen& chosen) {
  const std::string found = key.doc.secret ? "not a value that can be used" : shown(chosen.node);
  return {Kind::invalid,
          fmt::format("{}: {} is {}; write {}", chosen.node.place().text(), chosen.spelled, found, key.allowed)};
}

std::vector<std::string> unknown_keys(const Node& root, std::span<const Key> known,
                                      std::span<const Obsolete> obsolete) {
  if (root.if_table() == nullptr) return {};
  UnknownKeys search(known, obsolete);
  search.look(root, "");
  return std::move(search.warnings);
}

std::optional<std::string> did_you_mean(std::string_view wrong, std::span<const std::string> names) {
  constexpr std::size_t length_max = 200;  // no name is longer; a longer word is no slip of the hand
  if (wrong.size() > length_max) return std::nullopt;
  const std::string word = ascii::lowered(wrong);
  const std::string* nearest = nullptr;
  std::size_t least = wrong.size() / 4 + 2;  // more changes than this make another word
  for (const std::string& name : names) {
    const std::size_t changes = distance(word, ascii::lowered(name));
    if (changes >= least || changes >= name.size()) continue;
    least = changes;
    nearest = &name;
  }
  return nearest == nullptr ? std::nullopt : std::optional(*nearest);
}

std::string manual(std::span<const Key> keys) {
  std::string out;
  for (const Key& key : keys) {
    out += fmt::format("{}\n    {}", key.name, key.allowed);
    out += key.standard.empty() ? "; no default\n" : fmt::format("; default {}\n", key.standard);
    if (!key.doc.meaning.empty()) out += fmt::format("    {}\n", key.doc.meaning);
    std::vector<std::string> also = key.doc.aliases;
    if (!key.doc.environment.empty()) also.push_back("environment " + key.doc.environment);
    if (!key.doc.flag.empty()) also.push_back("flag " + key.doc.flag);
    if (!also.empty()) out += fmt::format("    also: {}\n", fmt::join(also, ", "));
  }
  return out;
}

std::string python_sample(std::span<const Key> keys) {
  std::string out;
  for (const Key& key : keys) {
    out += fmt::format("\n# {}{}\n", key.doc.meaning, key.doc.unit.empty() ? "" : "; in " + key.doc.unit);
    out += fmt::format("# allowed: {}\n", key.allowed == "true or false" ? "True or False" : key.allowed);
    if (!key.doc.aliases.empty()) out += fmt::format("# also: {}\n", fmt::join(key.doc.aliases, ", "));
    out += fmt::format("#{} = {}\n", key.name, key.literal);
  }
  return out;
}

}  // namespace nephele::settings
