// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "base/workers.h"
#include "compute/images.h"
#include "fleet/cloud.h"
#include "fleet/image_files.h"

namespace nephele::fleet {

/// Images of our own cloud from web servers: a URL names a tar archive with the parts that `nephele image add` takes.
/// Each version of it is registered once, under a name of its own.
class EmbeddedImages {
 public:
  /// All outlive this.
  EmbeddedImages(ImageFiles& files, compute::Images& shelf, Workers& workers)
      : files_(files), shelf_(shelf), workers_(workers) {}

  /// The name of the image that wanted.image, a URL, leads to now.
  Task<Result<std::string>> registered(const NewMachine& wanted, SteadyTime deadline);

 private:
  Task<Result<>> add(const ImageFile& file, const std::string& name);

  ImageFiles& files_;
  compute::Images& shelf_;
  Workers& workers_;
};

}  // namespace nephele::fleet
