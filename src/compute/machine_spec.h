// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "compute/backend.h"
#include "compute/model.h"

namespace nephele::compute {

/// What the backend must build for a server: pure, so the same row gives the same machine after any crash.
/// `installation` is the random id of this data directory.
MachineSpec machine_spec(const Server& server, const Image& image, std::string_view installation);

/// The network part of the context: ETH0_* of the user-mode network, ETH1_* and PEER_IP of the private link.
std::vector<std::pair<std::string, std::string>> network_context(const MachineSpec& spec);

}  // namespace nephele::compute
