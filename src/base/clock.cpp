// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <date/date.h>

namespace nephele {

Time SystemClock::now() const {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::string iso8601(Time time) { return date::format("%FT%TZ", time); }

std::string http_date(Time time) {
  return date::format("%a, %d %b %Y %T GMT", std::chrono::floor<std::chrono::seconds>(time));
}

}  // namespace nephele
