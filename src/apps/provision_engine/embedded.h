// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "apps/common/daemon.h"
#include "apps/provision_engine/conf.h"
#include "apps/provision_engine/pid_file.h"

namespace nephele::apps::engine {

/// `:cloud: embedded`: the engine's face before the embedded cloud, which lives in `:data:` and may have a nephele.conf
/// there for what engine.conf does not know. Returns when the process is asked to end.
Result<> serve_embedded(const Read& read, Starter& starter, const PidFile& pid);

/// Could this process serve it here: DATA/nephele.conf, QEMU, the rights of a process that runs machines? Changes
/// nothing. Answers what an operator should look at all the same.
Result<std::vector<std::string>> check_embedded(const Conf& conf);

}  // namespace nephele::apps::engine
