// SPDX-License-Identifier: Apache-2.0
#include "base/utc.h"

namespace nephele {

std::tm utc(std::chrono::sys_seconds time) {
  const std::time_t seconds = time.time_since_epoch().count();
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  return parts;
}

}  // namespace nephele
