// SPDX-License-Identifier: Apache-2.0
#include "fleet/config.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/settings/config_files.h"
#include "fleet/addresses.h"
#include "fleet/cloud_options.h"
#include "fleet/config_sections.h"
#include "fleet/config_settings.h"
#include "fleet/config_tables.h"
#include "fleet/vacuum_pipes.h"

namespace nephele::fleet {

namespace {

using settings::Node;

constexpr std::string_view option_prefix = "user_data_option_";
constexpr std::string_view file_prefix = "user_data_file_";

bool is_user_data(std::string_view name) {
  return name.starts_with(option_prefix) || name.starts_with(file_prefix);
}

std::string at(const Node& node) {
  return node.place().text() + ": ";
}

/// Of [DEFAULT], which is for whoever knows an option.
bool is_usual(const settings::Entry& option, const Node& defaults) {
  return std::ranges::any_of(*defaults.if_table(),
                             [&](const auto& usual) { return usual.value.place() == option.value.place(); });
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
class Section {
 public:
  Section(const settings::Table<S>& table, const Sections::Section& section, Configuration& into)
      : table_(table), section_(section), options_(section.options), into_(into) {}

  /// Options that another section gives where this one has none.
  void inherit(const Node& from, const auto& which) {
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
  void warn_of_other_clouds(const Node& defaults) {
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
  void warn_of_space_options(const std::string& space, const Node& defaults) {
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
  const Node& options() const { return options_; }

 private:
  void rename_old() {
    for (const auto& [old, now] : renamed_in(table_.service())) {
      const auto* given = options_.entry(old);
      if (given == nullptr) continue;
      if (!is_of_other_clouds(now))
        into_.warnings.push_back(at(given->value) + std::string(old) + " is deprecated; use " + std::string(now));
      const settings::Entry copy = *given;
      options_.set(std::string(now), copy.spelled, copy.value);
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
    Node kept(options_.place(), Node::Table{});
    for (const auto& option : *options_.if_table()) {
      if (!is_lenient(option.key) || is_readable(option))
        kept.set(option.key, option.spelled, option.value);
      else
        into_.warnings.push_back(at(option.value) + option.spelled + " cannot be read; the default is taken");
    }
    options_ = std::move(kept);
  }
  /// By a table of its own row alone.
  bool is_readable(const settings::Entry& option) const {
    Node alone(options_.place(), Node::Table{});
    alone.set(option.key, option.spelled, option.value);
    return table_.load({.files = {alone}}).has_value();
  }
  void warn_of_unknown() {
    auto known = table_.keys();
    const auto add = [&known](std::string_view name) { known.emplace_back().name = name; };
    for (const auto& option : cloud_options()) add(option.name);
    for (const auto& [old, now] : renamed_in(table_.service())) add(old);
    if (table_.service() == machinetype_table().service()) {  // of which warn_of_space_options() tells more
      for (const auto& key : space_table().keys()) add(key.name);
      for (const auto& [old, now] : renamed_in(space_table().service())) add(old);
    }
    Node looked_at(options_.place(), Node::Table{});
    for (const auto& option : *options_.if_table())
      if (!is_user_data(option.key)) looked_at.set(option.key, option.spelled, option.value);
    for (auto& warning : settings::unknown_keys(looked_at, known, obsolete_options()))
      into_.warnings.push_back(std::move(warning));
  }

  const settings::Table<S>& table_;
  const Sections::Section& section_;
  Node options_;
  Configuration& into_;
};

bool made_of_pattern_letters(std::string_view name) {
  return !name.empty() &&
         std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

/// user_data_option_X and user_data_file_X.
bool take_user_data(Section<MachineType>& section, MachineType& type) {
  bool good = true;
  for (const auto& option : *section.options().if_table()) {
    if (!is_user_data(option.key)) continue;
    const bool is_file = option.key.starts_with(file_prefix);
    const auto name = option.key.substr(is_file ? file_prefix.size() : option_prefix.size());
    if (!made_of_pattern_letters(name)) {
      section.wrong(at(option.value) + option.spelled + ": after the prefix only letters, digits and _ may stand");
      good = false;
      continue;
    }
    const auto& value = *option.value.if_text();
    if (value.empty() && is_file)
      section.warn(at(option.value) + option.spelled +
                   " names no file, so no machines are made; write its path or URL, or remove the line");
    else if (value.empty())
      section.warn(at(option.value) + option.spelled + " is empty, so ##" + option.key +
                   "## is left out of user_data; write a value, or remove the line");
    (is_file ? type.user_data_files : type.user_data_options)[name] = value;
  }
  return good;
}

/// NAME or NAME:PORT
bool take_proxy_type(Section<MachineType>& section, MachineType& type) {
  const auto colon = type.cvmfs_proxy_machinetype.find(':');
  if (colon == std::string::npos) return true;
  const std::string port = type.cvmfs_proxy_machinetype.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), type.cvmfs_proxy_port);
  type.cvmfs_proxy_machinetype.resize(colon);
  if (error == std::errc{} && end == port.data() + port.size()) return true;
  section.wrong(at(section.options().entry("cvmfs_proxy_machinetype")->value) + "cvmfs_proxy_machinetype: \"" + port +
                "\" is no port; write NAME or NAME:PORT");
  return false;
}

std::optional<MachineType> machinetype_from(const std::string& name, const Sections::Section& section,
                                            const std::string& space_name, const Sections& all,
                                            const Section<Space>& space, Configuration& into) {
  Section<MachineType> reader(machinetype_table(), section, into);
  reader.inherit(all.common.options,
                 [](const std::string& option) { return is_user_data(option) || option == "root_public_key"; });
  reader.inherit(space.options(), [](const std::string& option) { return option == "flavor_names"; });
  auto type = reader.read();
  reader.warn_of_space_options(space_name, all.defaults);
  const bool complete = reader.require({"user_data", "backoff_seconds", "fizzle_seconds"});
  if (!type || !complete) return std::nullopt;
  type->name = name;
  if (type->hs06_per_machine && !type->hs06_per_processor)
    type->hs06_per_processor = *type->hs06_per_machine / static_cast<double>(type->min_processors);
  bool good = take_user_data(reader, *type);
  good = take_proxy_type(reader, *type) && good;
  if (type->max_processors && *type->max_processors < type->min_processors) {
    reader.wrong(section.place.text() + ": max_processors " + std::to_string(*type->max_processors) +
                 " is below min_processors " + std::to_string(type->min_processors));
    good = false;
  }
  return good ? std::move(type) : std::nullopt;
}

bool check_space(Section<Space>& reader, const Space& space, const settings::Place& place) {
  constexpr std::array<std::string_view, 9> known{"openstack", "ec2",     "occi",    "azure",     "google",
                                                  "dbce",      "creamce", "nephele", "opennebula"};
  bool good = true;
  if (std::ranges::find(known, space.api) == known.end()) {
    reader.wrong(place.text() + ": api " + space.api +
                 " is not a supported API; write openstack, ec2, google, azure, occi, dbce, opennebula or nephele");
    good = false;
  }
  for (const auto& hostport : space.vacmon_hostports) {
    if (host_port(hostport)) continue;
    reader.wrong(place.text() + ": vacmon_hostport " + hostport + " is no HOST:PORT");
    good = false;
  }
  return good;
}

/// A pipe's machinetypes have its limits together.
void join_pipes(Space& space, const std::vector<PipeUse>& pipes) {
  for (std::size_t i = 0; i < pipes.size(); ++i) {
    if (pipes[i].space != space.name) continue;
    for (auto& type : space.types) {
      if (std::ranges::find(pipes[i].machinetypes, type.name) == pipes[i].machinetypes.end()) continue;
      type.pipe = i + 1;
      type.pipe_processors_limit = pipes[i].processors_limit;
      type.pipe_machines_limit = pipes[i].machines_limit;
    }
  }
}

void add_space(const std::string& name, const Sections& sections, Configuration& into) {
  const auto& section = sections.spaces.at(name);
  const Node& common = sections.common.options;
  Section<Space> reader(space_table(), section, into);
  reader.inherit(common, [](const std::string& option) {
    return std::ranges::find(inherited_by_spaces, option) != inherited_by_spaces.end();
  });
  auto space = reader.read();
  if (!reader.require({"api"}) || !space || !check_space(reader, *space, section.place)) return;
  reader.warn_of_other_clouds(sections.defaults);
  space->name = name;
  space->options = reader.options();
  if (const auto types = sections.machinetypes.find(name); types != sections.machinetypes.end())
    for (const auto& [type_name, type_section] : types->second)
      if (auto type = machinetype_from(type_name, type_section, name, sections, reader, into))
        space->types.push_back(std::move(*type));
  if (space->types.empty()) {
    reader.wrong(section.place.text() + ": the space " + name + " has no machinetype that can be used; add a section " +
                 "[machinetype " + name + " NAME]");
    return;
  }
  join_pipes(*space, into.pipes);
  into.spaces.push_back(std::move(*space));
}

/// What the responder and its askers could not work with goes, and the rest stays.
void check_factory(const Sections::Section& section, FactorySettings& factory, std::vector<Problem>& problems) {
  const auto wrong = [&](const char* option, const std::string& what) {
    const auto* given = section.options.entry(option);
    const auto& place = given != nullptr ? given->value.place() : section.place;
    problems.push_back({section.header, place.text() + ": " + option + ": " + what});
  };
  std::erase_if(factory.factories, [&](const std::string& name) {
    const bool bad = !host_port(name, vacquery_port);
    if (bad) wrong("factories", "\"" + name + "\" is no host; write HOST, HOST:PORT or [IPV6]:PORT");
    return bad;
  });
  if (const auto networks = Networks::parse(factory.responder_networks); !networks) {
    wrong("responder_networks", networks.error().sentence());
    factory.responder_networks.clear();  // nobody rather than a part
  }
  if (!factory.responder_address.empty() && !Address::from(factory.responder_address)) {
    wrong("responder_address", "\"" + factory.responder_address + "\" is no address; write 192.0.2.1 or 2001:db8::1");
    factory.responder_port = 0;  // rather than listen where nobody wanted it
  }
}

}  // namespace

std::uint16_t FactorySettings::usual_port() const {
  return responder_port && *responder_port != 0 ? *responder_port : vacquery_port;
}

std::optional<std::uint16_t> FactorySettings::responder() const {
  if (responder_port == 0 || (!responder_port && factories.empty())) return std::nullopt;
  return usual_port();
}

Lifetime MachineType::lifetime() const {
  return {.max_wallclock = max_wallclock,
          .fizzle = fizzle,
          .has_heartbeat = !heartbeat_file.empty(),
          .heartbeat = heartbeat};
}

ShareRules MachineType::rules() const {
  return {.target_share = target_share,
          .backoff = backoff,
          .fizzle = fizzle,
          .machine_processors = min_processors,
          .hs06_per_processor = hs06_per_processor,
          .processors_limit = processors_limit,
          .machines_limit = machines_limit,
          .max_starting_processors = max_starting_processors,
          .pipe = pipe,
          .pipe_processors_limit = pipe_processors_limit,
          .pipe_machines_limit = pipe_machines_limit};
}

SpaceRules Space::rules() const {
  return {.processors_limit = processors_limit,
          .machines_limit = machines_limit,
          .shutdown = shutdown,
          .draining = draining};
}

Configuration read_configuration(const std::vector<ConfigText>& files, const PipeCopies* pipes) {
  Sections sections = read_sections(files);
  Configuration out;
  out.problems = std::move(sections.problems);
  if (!sections.common.header.empty()) {
    out.factory = factory_from(sections.common, out.problems);
    check_factory(sections.common, out.factory, out.problems);
    warn_of_unknown_settings(sections, out.warnings);
  }
  expand_pipes(sections, pipes, out);
  for (const auto& name : sections.space_order) add_space(name, sections, out);
  return out;
}

std::vector<OptionDoc> documented_options() {
  std::vector<OptionDoc> out;
  const auto add = [&out](const std::string& section, std::vector<settings::Key> keys) {
    for (auto& key : keys) out.push_back({section, std::move(key)});
  };
  add("settings", factory_table().keys());
  add("space", space_table().keys());
  add("machinetype", machinetype_table().keys());
  add("vacuum_pipe", pipe_table().keys());
  return out;
}

}  // namespace nephele::fleet
