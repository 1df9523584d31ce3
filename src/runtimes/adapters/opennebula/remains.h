// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace nephele::runtimes::one {

/// What is to go.
struct Remains {
  std::string tag;  ///< of a create: finds a service whose id never reached us, and VMs that came late
  std::optional<std::int64_t> service;
  std::vector<std::int64_t> vms;
  std::optional<std::int64_t> document;
  /// The machine's boot in which a create began whose end a power cut may have taken (decision 0018): in another one,
  /// what is whole may have been promised to the caller, and stays. Empty: nothing was promised.
  std::string boot = {};
};

/// As the row of operations holds it.
json::Value to_json(const Remains& remains);
Remains remains_from(const json::Value& value);

}  // namespace nephele::runtimes::one
