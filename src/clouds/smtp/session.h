// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>

#include "clouds/smtp/relay.h"

namespace nephele::smtp {

/// What goes over the wire.
struct Letter {
  std::string from;
  std::vector<std::string> to;
  std::string content;
};

/// One session from the connection to its end, blocking; ends early, as `timeout`, when `stop` asks for it.
Result<> deliver(const Settings& settings, const Letter& letter, SteadyTime deadline, const std::stop_token& stop);

/// "relay.example.org:587"
std::string name_of(const Settings& settings);

}  // namespace nephele::smtp
