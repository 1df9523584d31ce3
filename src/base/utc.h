// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <ctime>

namespace nephele {

/// The date and time of day in UTC, for fmt's "{:%Y%m%d}". Given a time_point itself, fmt 9 writes the host's local
/// time.
std::tm utc(std::chrono::sys_seconds time);

}  // namespace nephele
