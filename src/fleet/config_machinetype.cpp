// SPDX-License-Identifier: Apache-2.0
#include "fleet/config_machinetype.h"

#include <algorithm>
#include <charconv>

#include "fleet/machine_name.h"

namespace nephele::fleet {

namespace {

bool made_of_pattern_letters(std::string_view name) {
  return !name.empty() &&
         std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

/// user_data_option_X and user_data_file_X.
bool take_user_data(SectionReader<MachineType>& section, MachineType& type) {
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
bool take_proxy_type(SectionReader<MachineType>& section, MachineType& type) {
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

/// Machines could send no file of another name, so that each of them would be ended for want of it.
bool check_heartbeat(SectionReader<MachineType>& section, const MachineType& type) {
  if (type.heartbeat_file.empty() || is_file_name(type.heartbeat_file)) return true;
  section.wrong(at(section.options().entry("heartbeat_file")->value) + "heartbeat_file: \"" + type.heartbeat_file +
                "\" is no name that a joboutput can have; write 1 to 128 letters, digits, dots, hyphens and _ that do "
                "not begin with a dot");
  return false;
}

}  // namespace

std::optional<MachineType> machinetype_from(const std::string& name, const Sections::Section& section,
                                            const std::string& space_name, const Sections& all,
                                            const SectionReader<Space>& space, Configuration& into) {
  SectionReader<MachineType> reader(machinetype_table(), section, into);
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
  if (type->user_data.empty()) {
    reader.wrong(at(reader.options().entry("user_data")->value) +
                 "user_data is empty, so no machine can be made; write the path or URL of its template");
    good = false;
  }
  good = take_proxy_type(reader, *type) && good;
  good = check_heartbeat(reader, *type) && good;
  if (type->max_processors && *type->max_processors < type->min_processors) {
    reader.wrong(section.place.text() + ": max_processors " + std::to_string(*type->max_processors) +
                 " is below min_processors " + std::to_string(type->min_processors));
    good = false;
  }
  return good ? std::move(type) : std::nullopt;
}

}  // namespace nephele::fleet
