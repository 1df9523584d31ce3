// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/async.h"
#include "base/result.h"

namespace nephele::fleet {

/// An image that lies on this host.
struct ImageFile {
  std::string path;
  std::int64_t modified = 0;  ///< Unix time: as its server tells, else of the file
  std::string sha256 = {};    ///< in hex
};

/// Images that the configuration names by a URL, on this host.
class ImageFiles {
 public:
  virtual ~ImageFiles() = default;
  /// The newest that can be had: asks the server each time, and downloads what is new.
  virtual Task<Result<ImageFile>> file_of(std::string url, SteadyTime deadline) = 0;
};

}  // namespace nephele::fleet
