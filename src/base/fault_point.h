// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace nephele {

/// A place where tests may end the process, as kill -9 would: the border of a step. Programs link
/// base/fault_point_off.cpp, which does nothing; `nephele-faults` is made from the same objects with
/// fault_point_on.cpp, which ends the process when the environment variable NEPHELE_FAULT names this place
/// ("compute.build/disk:after", or "PLACE#3" for the third time) and writes each place passed to NEPHELE_FAULT_LOG. and
/// writes every place that it passes into the file that NEPHELE_FAULT_LOG names.
void fault_point(std::string_view place) noexcept;

}  // namespace nephele
