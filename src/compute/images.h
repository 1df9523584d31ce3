// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/clock.h"
#include "base/workers.h"
#include "compute/model.h"
#include "sql/sql.h"

namespace nephele::compute {

/// How big a disk must be to hold that of an image, or `invalid` when machines cannot boot from it: only who runs
/// machines knows the formats. Blocking.
using LeastDisk = std::function<Result<Bytes>(const std::string& path)>;

/// Checks that `directory` holds vmlinux, initrd.img, root.qcow2 and cmdline, and copies them to
/// IMAGES/NAME-HASH (read-only, complete or not there at all). The same content is the same id, copied once, so a
/// rebuilt guest never changes what a running overlay stands on. Blocking.
Result<Image> copy_image(const std::string& name, const std::string& directory, const std::string& images_directory,
                         const LeastDisk& least_disk);

/// What admins do with images: `nephele image add|list`. Works whether a control plane runs or not.
class Images {
 public:
  /// `directory` is DATA/images.
  Images(sql::Database& database, const Clock& clock, std::string directory, LeastDisk least_disk);

  /// Copies and registers; from then on new servers that ask for `name` get it. Fails with `invalid` for a bad name or
  /// an incomplete directory, or a disk that no machine can boot from.
  Task<Result<Image>> add(std::string name, std::string from);
  Task<Result<std::vector<Image>>> list();

 private:
  sql::Database& database_;
  const Clock& clock_;
  std::string directory_;
  LeastDisk least_disk_;
  Workers copying_;
};

}  // namespace nephele::compute
