// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/async.h"
#include "base/clock.h"
#include "base/workers.h"
#include "compute/model.h"
#include "sql/sql.h"

namespace nephele::compute {

/// Checks that `directory` holds vmlinux, initrd.img, root.qcow2 and cmdline, and copies them to
/// IMAGES/NAME-HASH (read-only, complete or not there at all). The same content is the same id, copied once, so a
/// rebuilt guest never changes what a running overlay stands on. Blocking.
Result<Image> copy_image(const std::string& name, const std::string& directory, const std::string& images_directory);

/// What admins do with images: `nephele image add|list`. Works whether a control plane runs or not.
class Images {
 public:
  /// `directory` is DATA/images.
  Images(sql::Database& database, const Clock& clock, std::string directory);

  /// Copies and registers; from then on new servers that ask for `name` get it. Fails with `invalid` for a bad name or
  /// an incomplete directory.
  Task<Result<Image>> add(std::string name, std::string from);
  Task<Result<std::vector<Image>>> list();

 private:
  sql::Database& database_;
  const Clock& clock_;
  std::string directory_;
  Workers copying_;
};

}  // namespace nephele::compute
