// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compute/compute.h"

/// The workers' side of compute: one handler per kind of operation.
namespace nephele::compute {

inline constexpr std::string_view build_kind = "compute.build";
inline constexpr std::string_view start_kind = "compute.start";
inline constexpr std::string_view stop_kind = "compute.stop";
inline constexpr std::string_view reboot_kind = "compute.reboot";
inline constexpr std::string_view resize_kind = "compute.resize";
inline constexpr std::string_view remove_kind = "compute.remove";

struct Handlers {
  std::vector<std::pair<std::string, std::unique_ptr<operations::Handler>>> by_kind;
};

Handlers make_handlers(Compute::Impl& impl);

}  // namespace nephele::compute
