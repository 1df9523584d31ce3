// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"
#include "compute/model.h"

namespace nephele::compute {

/// Checks that `directory` holds vmlinux, initrd.img, root.qcow2 and cmdline, and copies them to
/// IMAGES/NAME-HASH (read-only, complete or not there at all). The same content is the same id, copied once, so a
/// rebuilt guest never changes what a running overlay stands on. Blocking.
Result<Image> copy_image(const std::string& name, const std::string& directory, const std::string& images_directory);

}  // namespace nephele::compute
