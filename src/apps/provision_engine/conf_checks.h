// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "apps/provision_engine/conf.h"
#include "base/settings/tree.h"

/// What engine.conf may not say, beyond the type and the range of each value. All fail with `invalid` and a sentence
/// that names the key and says what to write; it begins with file and line where one value is to blame.
namespace nephele::apps::engine {

/// Numbers as text: before the values are taken, which would do with them.
Result<> check_numbers(const settings::Node& root);

/// URLs, address, files and folders of `conf`, which was read from `root`.
Result<> check_values(const Conf& conf, const settings::Node& root);

/// What is allowed and yet may disappoint; each begins with file and line where the file says it.
std::vector<std::string> doubts_about(const Conf& conf, const settings::Node& root);

/// Is `:host:` an address of this machine, at which a server could listen now? It may be tomorrow, so that reading the
/// file does not ask.
Result<> check_host(const Conf& conf);

}  // namespace nephele::apps::engine
