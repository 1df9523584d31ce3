// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fleet/config.h"

/// A configuration that is in order, for tests of what makes it another one.
namespace nephele::fleet::testing {

inline constexpr std::string_view space_s = "[space s]\napi = nephele\nprocessors_limit = 20\n";
inline constexpr std::string_view type_a =
    "[machinetype s a]\nuser_data = user_data\nbackoff_seconds = 600\nfizzle_seconds = 600\nroot_image = image:x\n";

inline std::string base(std::string_view more_of_space = "", std::string_view more_of_type = "") {
  std::string out(space_s);
  out.append(more_of_space).append(type_a).append(more_of_type);
  return out;
}

/// Files "f1.conf", "f2.conf", ...
inline Configuration read(const std::vector<std::string>& texts) {
  std::vector<ConfigText> files;
  for (const auto& text : texts) files.push_back({"f" + std::to_string(files.size() + 1) + ".conf", text});
  return read_configuration(files);
}

/// Of its problems.
inline std::vector<std::string> sentences(const Configuration& configuration) {
  std::vector<std::string> out;
  for (const auto& problem : configuration.problems) out.push_back(problem.sentence);
  return out;
}

}  // namespace nephele::fleet::testing
