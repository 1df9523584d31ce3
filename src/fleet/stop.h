// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/model.h"

namespace nephele::fleet {

/// The code of a shutdown message: leading blanks, exactly three digits, then a blank or the end. Nothing: it has none.
std::optional<int> code_of(std::string_view message) noexcept;

enum class Abort : std::uint8_t {
  none,
  message,  ///< the machine said that there is nothing to do here, or that it cannot work here
  fizzle,   ///< it ended before it could have achieved anything
};

struct Stop {
  std::optional<Instant> started = {};
  Instant stopped = {};
  std::string_view message = {};  ///< of joboutputs/shutdown_message
  bool by_us = false;             ///< we stopped it to make room: it is not to blame
};

struct StopRules {
  seconds fizzle{};
  std::optional<Instant> last_abort = {};
  std::vector<int> fizzle_ignores_codes = {};  ///< with these a short life is no fizzle
};

struct StopVerdict {
  std::optional<int> code = {};
  Abort abort = Abort::none;         ///< then the type's last abort is the time of the stop
  std::optional<seconds> hint = {};  ///< "no more work" after that long: the least useful fizzle_seconds
  bool accounted = false;            ///< an accounting record is due
};

/// What the end of a machine of a configured type means (contract vcycle 2.6, 8.3).
StopVerdict judge_stop(const Stop& stop, const StopRules& rules);

}  // namespace nephele::fleet
