// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "fleet/config.h"
#include "fleet/files.h"

namespace nephele::apps::vcycle {

/// What an operator is told of a configuration, as sentences without the secrets in URLs.
struct Findings {
  std::vector<std::string> problems;  ///< what is named does nothing until it is mended
  std::vector<std::string> warnings;  ///< what stops nothing
};

/// What vcycled says of it when it starts: what stands in the files, which addresses are in the clear, and whose
/// secrets everybody can read.
std::vector<std::string> warnings_of(const fleet::Files& files, const fleet::ConfigFiles& found,
                                     const fleet::Configuration& config);

/// Those, what is wrong, and what spaces say wrongly of their clouds, which a start comes to when it goes there.
Findings findings_of(const fleet::Files& files, const fleet::ConfigFiles& found, const fleet::Configuration& config);

/// Of the name that machines and accounting show; empty: it is in order.
std::string warning_of_host(const std::string& node);

/// To standard error, a line each.
void print(const Findings& findings);

}  // namespace nephele::apps::vcycle
