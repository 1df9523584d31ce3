// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace nephele::runtimes {

/// What the VMs hold of their creator's credentials: all of them (contract, 5.4), or nothing (Q26).
enum class SrAuth : std::uint8_t { credentials, none };

}  // namespace nephele::runtimes
