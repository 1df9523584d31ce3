// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "fleet/model.h"

namespace nephele::fleet {

/// What one type has on its cloud now.
struct TypeTotals {
  std::int64_t machines = 0, processors = 0;
  std::int64_t starting_machines = 0, starting_processors = 0;
  std::int64_t running_machines = 0, running_processors = 0;
  double running_hs06 = 0;
  double weight = 0;                   ///< over the target share: the smallest is the next to get one
  std::int64_t not_passed_fizzle = 0;  ///< machines of which nobody knows yet whether they are good
};

struct Totals {
  std::vector<TypeTotals> types;  ///< as the configured types are ordered
  std::int64_t machines = 0;      ///< of ours, of any type
  std::int64_t processors = 0;    ///< of everything in the space, also of machines that are not ours
  std::int64_t running_machines = 0, running_processors = 0;
};

/// The weight of one machine: what it is worth over the share that its type should have.
double weight_of(std::int64_t processors, std::optional<double> hs06, double target_share);

/// Contract vcycle 2.4. `foreign_processors` are those of machines that are not ours, which count against the limit
/// too.
Totals totals_of(std::span<const Machine> machines, std::span<const ShareRules> types, std::int64_t foreign_processors,
                 Instant now);

}  // namespace nephele::fleet
