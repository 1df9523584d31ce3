// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/ascii.h"
#include "fleet/cloud_options.h"
#include "fleet/config_sections.h"
#include "fleet/config_tables.h"

/// How one section becomes what it says, for the readers of spaces and of machinetypes.
namespace nephele::fleet {

inline constexpr std::string_view option_prefix = "user_data_option_";
inline constexpr std::string_view file_prefix = "user_data_file_";

inline bool is_user_data(std::string_view name) {
  return name.starts_with(option_prefix) || name.starts_with(file_prefix);
}

inline std::string at(const settings::Node& node) {
  return node.place().text() + ": ";
}

/// Under its name, an alias or an old name.
template <class S>
bool is_row_of(const settings::Table<S>& table, std::string_view option) {
  return std::ranges::any_of(renamed_in(table.service()), [&](const Renamed& one) { return one.old == option; }) ||
         std::ranges::any_of(table.keys(), [&](const settings::Key& key) {
           return key.name == option || std::ranges::find(key.doc.aliases, option) != key.doc.aliases.end();
         });
}

/// Reads one section by its table, and what is wrong with it into `problems`.
template <class S>
class SectionReader {
 public:
  SectionReader(const settings::Table<S>& table, const Sections::Section& section, Configuration& into)
      : table_(table), section_(section), options_(section.options), into_(into) {}

  /// Options that another section gives where this one has none.
  void inherit(const settings::Node& from, const auto& which) {
    for (const auto& option : *from.if_table())
      if (which(option.key) && options_.entry(option.key) == nullptr)
        options_.set(option.key, option.spelled, option.value);
  }

  std::optional<S> read() {
    rename_old();
    drop_what_is_passed_over();
    warn_of_unknown();
    const auto loaded = table_.load({.files = {options_}});
    if (!loaded) {
      wrong(loaded.error().sentence());
      for (const auto& [name, also] : loaded.error().details())
        if (name == "also") wrong(also);
      return std::nullopt;
    }
    return loaded->values;
  }

  bool has(std::string_view option) const { return options_.entry(option) != nullptr; }
  bool require(std::initializer_list<std::string_view> names) {
    bool all = true;
    for (const auto name : names) {
      if (has(name)) continue;
      wrong(section_.place.text() + ": " + std::string(name) + " missing; set it in " + section_.header);
      all = false;
    }
    return all;
  }
  /// What only other kinds of clouds would read. Vcycle never looked at it, so it is no mistake that stops anything.
  void warn_of_other_clouds(const settings::Node& defaults) {
    for (const auto& option : *options_.if_table()) {
      if (!is_of_other_clouds(option.key) || is_usual(option, defaults)) continue;
      std::string apis(cloud_option(option.key)->apis);
      for (auto blank = apis.find(' '); blank != std::string::npos; blank = apis.find(' ', blank + 2))
        apis.replace(blank, 1, ", ");
      into_.warnings.push_back(at(option.value) + option.spelled + " does nothing with api = " + api() +
                               "; it is an option of " + apis);
    }
  }
  /// What only the section of its space is looked into for.
  void warn_of_space_options(const std::string& space, const settings::Node& defaults) {
    for (const auto& option : *options_.if_table()) {
      if (is_usual(option, defaults) || is_row_of(table_, option.key)) continue;
      if (cloud_option(option.key) == nullptr && !is_row_of(space_table(), option.key)) continue;
      warn(at(option.value) + option.spelled +
           " does nothing in a machinetype; it is an option of the space: write it in " + "[space " + space + "]");
    }
  }
  /// Several machinetypes may have it from one place.
  void warn(std::string sentence) {
    if (std::ranges::find(into_.warnings, sentence) == into_.warnings.end())
      into_.warnings.push_back(std::move(sentence));
  }
  void wrong(std::string sentence) { into_.problems.push_back({section_.header, std::move(sentence)}); }
  const settings::Node& options() const { return options_; }

 private:
  void rename_old() {
    const settings::Node given_ones = options_;
    for (const auto& [old, now, yields] : renamed_in(table_.service())) {
      const auto* given = given_ones.entry(old);
      if (given == nullptr) continue;
      if (yields && given_ones.entry(now) != nullptr) {
        into_.warnings.push_back(at(given->value) + std::string(old) + " does nothing beside " + std::string(now) +
                                 "; remove the line");
        continue;
      }
      if (!is_of_other_clouds(now))
        into_.warnings.push_back(at(given->value) + std::string(old) + " is deprecated; use " + std::string(now));
      options_.set(std::string(now), given->spelled, given->value);
    }
  }
  std::string api() const {
    const auto* const given = options_.entry("api");
    const auto* const text = given == nullptr ? nullptr : given->value.if_text();
    return text == nullptr ? std::string() : *text;
  }
  bool is_of_other_clouds(std::string_view option) const {
    const auto* const row = cloud_option(option);
    return row != nullptr && !api().empty() && !row->is_known_to(api());
  }
  void drop_what_is_passed_over() {
    settings::Node kept(options_.place(), settings::Node::Table{});
    for (const auto& option : *options_.if_table()) {
      if (is_another_yes(option))
        into_.warnings.push_back(at(option.value) + option.spelled + " is \"" + *option.value.if_text() +
                                 "\", which is as good as false, since only true switches it on; write true or false");
      else if (!is_lenient(option.key) || is_readable(option))
        kept.set(option.key, option.spelled, option.value);
      else
        into_.warnings.push_back(at(option.value) + option.spelled + " cannot be read; the default is taken");
    }
    options_ = std::move(kept);
  }
  static bool is_another_yes(const settings::Entry& option) {
    const auto* const text = option.value.if_text();
    if (!needs_true(option.key) || text == nullptr) return false;
    const std::string word = ascii::lowered(*text);
    return word == "yes" || word == "on" || word == "1";
  }
  /// By a table of its own row alone.
  bool is_readable(const settings::Entry& option) const {
    settings::Node alone(options_.place(), settings::Node::Table{});
    alone.set(option.key, option.spelled, option.value);
    return table_.load({.files = {alone}}).has_value();
  }
  void warn_of_unknown() {
    auto known = table_.keys();
    const auto add = [&known](std::string_view name) { known.emplace_back().name = name; };
    for (const auto& option : cloud_options()) add(option.name);
    for (const auto& one : renamed_in(table_.service())) add(one.old);
    if (table_.service() == machinetype_table().service()) {  // of which warn_of_space_options() tells more
      for (const auto& key : space_table().keys()) add(key.name);
      for (const auto& one : renamed_in(space_table().service())) add(one.old);
    }
    settings::Node looked_at(options_.place(), settings::Node::Table{});
    for (const auto& option : *options_.if_table())
      if (!is_user_data(option.key)) looked_at.set(option.key, option.spelled, option.value);
    for (auto& warning : settings::unknown_keys(looked_at, known, obsolete_options()))
      into_.warnings.push_back(std::move(warning));
  }

  const settings::Table<S>& table_;
  const Sections::Section& section_;
  settings::Node options_;
  Configuration& into_;
};

}  // namespace nephele::fleet
