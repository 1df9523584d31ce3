// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace nephele::qemu {

enum class Accelerator : std::uint8_t { tcg, kvm };

std::string_view to_string(Accelerator accelerator) noexcept;

}  // namespace nephele::qemu
