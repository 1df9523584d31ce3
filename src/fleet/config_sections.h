// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/config.h"

namespace nephele::fleet {

/// The sections of all files by what they are about, headers taken apart and names in lower case. Two headers that
/// mean the same ("[machinetype a]" beside "[machinetype s a]") are one section, in which the later place wins.
struct Sections {
  struct Section {
    std::string header;  ///< as its first place writes it: "[machinetype s a]"
    settings::Place place;
    settings::Node options;  ///< a table
  };
  settings::Node defaults;  ///< [DEFAULT], which every section has already
  Section common;           ///< [settings]
  std::map<std::string, Section> spaces;
  std::string default_space;  ///< of sections that name none; empty: there are several, and [settings] says nothing
  std::vector<std::string> space_order;                                ///< names, in the order of their first mention
  std::map<std::string, std::map<std::string, Section>> machinetypes;  ///< by space, then by name
  struct Pipe {
    std::string space, prefix;
    Section section;
  };
  std::vector<Pipe> pipes;  ///< [vacuum_pipe SPACE PREFIX], in the order of their first mention
  std::vector<Problem> problems;
};

/// These options stay in [settings] where it stands for a space, too.
bool is_about_the_factory(std::string_view option);

/// Of [DEFAULT], which is for whoever knows an option.
bool is_usual(const settings::Entry& option, const settings::Node& defaults);

/// Of a machinetype, or of a part of its name.
bool is_machinetype_name(std::string_view name);

/// `files` in their order; what is wrong with a header or a whole file is told in `problems`.
Sections read_sections(const std::vector<ConfigText>& files);

}  // namespace nephele::fleet
