// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "http_server.h"
#include "loop.h"

namespace guest {

/// Asks another machine's /health and answers the request with what it said: 200, or 502/504 when there is no answer.
std::unique_ptr<Exchange> ask_peer(Loop& loop, const std::string& ip, std::uint16_t port, Reply reply);

}  // namespace guest
