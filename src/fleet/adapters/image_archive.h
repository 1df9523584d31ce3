// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"

namespace nephele::fleet {

/// The parts of an image of our own cloud (vmlinux, initrd.img, root.qcow2, cmdline, MANIFEST) out of a tar archive
/// that is not compressed; they may stand in a folder there. Whatever else is in it is passed over: nothing is written
/// but these names into `folder`. Fails with `invalid` when it is no such archive. Blocking.
Result<> unpack_image(const std::string& archive, const std::string& folder);

}  // namespace nephele::fleet
