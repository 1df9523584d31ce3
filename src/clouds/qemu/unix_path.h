// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/file_handle.h"
#include "base/result.h"

namespace nephele::qemu {

/// A connected, non-blocking unix stream socket. A path of 108 bytes or more is reached through its directory, since
/// the kernel's address has no room for it. `not_found` when nobody listens there.
Result<FileHandle> connect_unix(const std::string& path);

}  // namespace nephele::qemu
