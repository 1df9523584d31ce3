// SPDX-License-Identifier: Apache-2.0
#include "apps/vcycled/findings.h"

#include <algorithm>
#include <iostream>
#include <iterator>

#include "base/redacted.h"
#include "fleet/adapters/options.h"
#include "fleet/adapters/readable_secrets.h"

namespace nephele::apps::vcycle {

std::vector<std::string> warnings_of(const fleet::Files& files, const fleet::ConfigFiles& found,
                                     const fleet::Configuration& config) {
  std::vector<std::string> out;
  for (const auto* const list : {&found.warnings, &config.warnings})
    std::ranges::transform(*list, std::back_inserter(out), without_url_secrets);
  for (const auto& space : config.spaces)
    std::ranges::transform(fleet::secrets_in_the_clear(space), std::back_inserter(out), without_url_secrets);
  std::ranges::move(fleet::readable_secrets(files, config), std::back_inserter(out));
  return out;
}

Findings findings_of(const fleet::Files& files, const fleet::ConfigFiles& found, const fleet::Configuration& config) {
  Findings out{.problems = {}, .warnings = warnings_of(files, found, config)};
  if (found.texts.empty())
    out.problems.push_back("there is no " + files.root() + "/etc/vcycle.conf and no other configuration");
  for (const auto* const list : {&found.problems, &config.problems})
    for (const auto& problem : *list) out.problems.push_back(without_url_secrets(problem.sentence));
  for (const auto& space : config.spaces)
    if (const auto good = fleet::check_cloud_options(space); !good)
      out.problems.push_back(without_url_secrets(good.error().sentence()));
  return out;
}

std::string warning_of_host(const std::string& node) {
  if (node.contains('.')) return {};
  return "the host's name " + node + " is not fully qualified; machines and accounting will show it";
}

void print(const Findings& findings) {
  for (const auto& warning : findings.warnings) std::cerr << "warning: " << warning << '\n';
  for (const auto& problem : findings.problems) std::cerr << problem << '\n';
}

}  // namespace nephele::apps::vcycle
