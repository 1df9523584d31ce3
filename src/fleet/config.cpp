// SPDX-License-Identifier: Apache-2.0
#include "fleet/config.h"

#include <algorithm>
#include <array>

#include "fleet/addresses.h"
#include "fleet/config_machinetype.h"
#include "fleet/config_reader.h"
#include "fleet/config_settings.h"
#include "fleet/vacuum_pipes.h"

namespace nephele::fleet {

namespace {

using settings::Node;

bool check_space(SectionReader<Space>& reader, const Space& space, const settings::Place& place) {
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

/// Nothing is ever made without a limit, and these clouds tell none.
void check_limit(SectionReader<Space>& reader, const Space& space, const settings::Place& place) {
  constexpr std::array<std::string_view, 3> tell_one{"openstack", "google", "nephele"};
  if (space.processors_limit || space.draining || std::ranges::find(tell_one, space.api) != tell_one.end()) return;
  reader.wrong(place.text() + ": processors_limit missing, without which nothing is made with api = " + space.api +
               "; set it in [space " + space.name + "]");
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

/// Though none of them may be in order.
bool names_types(const Sections& sections, const std::string& space) {
  const auto types = sections.machinetypes.find(space);
  return (types != sections.machinetypes.end() && !types->second.empty()) ||
         std::ranges::find(sections.pipes, space, &Sections::Pipe::space) != sections.pipes.end();
}

/// total_machines of [settings] is the limit of the default space. Where none is that, no space goes without a limit.
bool is_limited_by_settings(const std::string& space, const Sections& sections) {
  return space == sections.default_space || !sections.spaces.contains(sections.default_space);
}

void warn_of_a_limit_of_each_space(const Sections& sections, std::vector<std::string>& warnings) {
  const auto* const limit = sections.common.options.entry("total_machines");
  if (limit == nullptr || is_usual(*limit, sections.defaults) || sections.spaces.size() < 2 ||
      sections.spaces.contains(sections.default_space))
    return;
  warnings.push_back(at(limit->value) + limit->spelled + " limits each of " + std::to_string(sections.spaces.size()) +
                     " spaces by itself; name one by vcycle_space, or write it in their sections");
}

void add_space(const std::string& name, const Sections& sections, Configuration& into) {
  const auto& section = sections.spaces.at(name);
  const Node& common = sections.common.options;
  SectionReader<Space> reader(space_table(), section, into);
  reader.inherit(common, [&](const std::string& option) {
    if (option == "total_machines" && !is_limited_by_settings(name, sections)) return false;
    return std::ranges::find(inherited_by_spaces, option) != inherited_by_spaces.end();
  });
  auto space = reader.read();
  if (!reader.require({"api"}) || !space || !check_space(reader, *space, section.place)) return;
  reader.warn_of_other_clouds(sections.defaults);
  space->name = name;
  check_limit(reader, *space, section.place);
  space->options = reader.options();
  if (const auto types = sections.machinetypes.find(name); types != sections.machinetypes.end())
    for (const auto& [type_name, type_section] : types->second)
      if (auto type = machinetype_from(type_name, type_section, name, sections, reader, into))
        space->types.push_back(std::move(*type));
  if (space->types.empty()) {
    reader.wrong(section.place.text() + ": the space " + name + " has no machinetype that can be used; add a section " +
                 "[machinetype " + name + " NAME]");
    if (!names_types(sections, name)) return;  // a slip in them stops creations, and what runs there is looked after
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
    warn_of_a_limit_of_each_space(sections, out.warnings);
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
