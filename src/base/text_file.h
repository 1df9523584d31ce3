// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/file_handle.h"
#include "base/result.h"

namespace nephele {

/// At most `bytes_max` of a file; nothing when it cannot be read.
std::optional<std::string> read_text_file(const std::string& path, std::size_t bytes_max);

/// Replaces a file as a whole: temporary name beside it, fsync, rename, fsync of the directory. After a crash there is
/// the old or the new file. `mode` is exact, whatever the umask.
Result<> replace_file(const std::string& path, std::string_view content, mode_t mode);

/// Opens a regular file that lies where a less privileged process could have put something else: refuses links.
Result<FileHandle> open_untrusted(const std::string& path, int flags);

}  // namespace nephele
