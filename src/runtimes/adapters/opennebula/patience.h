// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

/// How long a request may take (contract, 4.9 and 14): the published clients hang up after 60 s and take no answer for
/// a failure, while their runtime goes on.
namespace nephele::runtimes::one {

inline constexpr std::chrono::seconds patience_of_callers{60};

/// What a create needs besides the wait for its machines: templates, the service, the machines' addresses, the
/// document. What reads and removes has as long, so that no call to oned or OneFlow is cut off before its own time by a
/// small `timeout`, which is the wait for machines.
inline constexpr std::chrono::seconds besides{20};

/// For removing, before the answer, what a create leaves behind that fails; a worker goes on where that is not enough.
inline constexpr std::chrono::seconds clearing_up{8};

/// From the first call to the answer, whatever OpenNebula does; `timeout` is the wait for machines.
constexpr std::chrono::seconds create_at_most(std::chrono::seconds timeout) noexcept {
  return timeout + besides + clearing_up;
}

}  // namespace nephele::runtimes::one
