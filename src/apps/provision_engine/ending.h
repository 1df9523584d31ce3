// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "runtimes/adapters/opennebula/patience.h"

/// How long an end may take. What waits for what: callers for answers, the end for callers, `stop` for the end.
namespace nephele::apps::engine {

/// For the answers to requests under way; then their connections are cut.
inline constexpr std::chrono::seconds drain{70};

/// For all else that ends: handlers of cut connections, operations, the database.
inline constexpr std::chrono::seconds closing{5};

/// Of `stop` and `restart`, and of systemd (TimeoutStopSec in packaging/provision-engine.service).
inline constexpr std::chrono::seconds stop_patience{75};

static_assert(drain > runtimes::one::patience_of_callers, "no create that its caller still waits for is cut");
static_assert(drain + closing <= stop_patience, "nobody kills what is about to end");

}  // namespace nephele::apps::engine
