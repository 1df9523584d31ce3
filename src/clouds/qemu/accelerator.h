// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/async.h"
#include "clouds/qemu/process.h"

/// Whether the processor itself can run guests. /dev/kvm that opens proves nothing: on some machines guests die on
/// their first vector instruction, without an error. Only a guest that has run is a proof.
namespace nephele::qemu {

enum class Accelerator : std::uint8_t { tcg, kvm };

std::string_view to_string(Accelerator accelerator) noexcept;

struct AcceleratorChoice {
  Accelerator accelerator = Accelerator::tcg;
  std::string words;  ///< "kvm", or "software emulation (about 20 times slower) because ..."
};

struct AcceleratorProbe {
  std::string program;  ///< qemu-system-x86_64
  std::string rom;      ///< firmware that tries the processor's modes and ends QEMU with status 85; empty: none
  std::string cache;    ///< file that keeps the answer until host, program, device or user change
  std::optional<UserIds> user{};  ///< who machines run as, when we are root
};

/// Within about a second, mostly at once.
Task<AcceleratorChoice> choose_accelerator(AcceleratorProbe probe);

}  // namespace nephele::qemu
