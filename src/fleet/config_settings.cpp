// SPDX-License-Identifier: Apache-2.0
#include "fleet/config_settings.h"

#include <algorithm>

#include "fleet/config_tables.h"

namespace nephele::fleet {

using settings::Node;

FactorySettings factory_from(const Sections::Section& section, std::vector<Problem>& problems) {
  Node good(section.options.place(), Node::Table{});
  bool needs_token = false;
  for (const auto& option : *section.options.if_table()) {
    Node alone(section.options.place(), Node::Table{});
    alone.set(option.key, option.spelled, option.value);
    if (const auto read = factory_table().load({.files = {alone}}); !read) {
      problems.push_back({section.header, read.error().sentence()});
      needs_token = needs_token || option.key == "joboutputs_need_token";
    } else {
      good.set(option.key, option.spelled, option.value);
    }
  }
  const auto loaded = factory_table().load({.files = {good}});
  if (!loaded) problems.push_back({section.header, loaded.error().sentence()});
  FactorySettings out = loaded ? loaded->values : FactorySettings{};
  out.joboutputs_need_token = out.joboutputs_need_token || needs_token;
  return out;
}

void warn_of_unknown_settings(const Sections& sections, std::vector<std::string>& warnings) {
  auto known = factory_table().keys();
  for (const auto name : inherited_by_spaces) known.emplace_back().name = name;
  known.emplace_back().name = "root_public_key";
  bool is_a_space = false;
  std::vector<settings::Place> usual;
  for (const auto& [name, space] : sections.spaces) {
    is_a_space = is_a_space || space.header == sections.common.header;
    if (space.header != sections.common.header)
      for (const auto& option : *space.options.if_table()) usual.push_back(option.value.place());
  }
  Node looked_at(sections.common.options.place(), Node::Table{});
  for (const auto& option : *sections.common.options.if_table())
    if (!option.key.starts_with("user_data_") && (!is_a_space || is_about_the_factory(option.key)) &&
        std::ranges::find(usual, option.value.place()) == usual.end())
      looked_at.set(option.key, option.spelled, option.value);
  for (auto& warning : settings::unknown_keys(looked_at, known, {})) warnings.push_back(std::move(warning));
}

}  // namespace nephele::fleet
