// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nephele::qemu {

struct IsoFile {
  std::string_view name;  ///< "context.sh": 1 to 30 of [a-z0-9_-] with at most one '.', as guests will see it
  std::string_view content;
};

/// The bytes of an ISO 9660 volume with Joliet names and the files in its root, all dated `date`: the same input gives
/// the same bytes. `label`: 1 to 16 of [A-Z0-9_]. `invalid` for names outside these rules and for files of 4 GiB.
/// Source: ECMA-119 (4th edition) and the Joliet specification 1.0.
Result<std::string> make_iso(std::string_view label, const std::vector<IsoFile>& files, std::chrono::sys_seconds date);

}  // namespace nephele::qemu
