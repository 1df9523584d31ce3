// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace guest {

/// Grows the ext4 file system mounted at `path` to the size of its disk `device`; nothing to do is success.
bool grow_file_system(const char* path, const std::string& device);

}  // namespace guest
