// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"

/// Whether a server could listen at an address, asked before one does. Both fail with `invalid` as Server::listen
/// would.
namespace nephele::http {

/// Is it written as an address: an IPv4 or IPv6 literal, no name and no port?
Result<> check_literal(const std::string& address);

/// Can it be bound now? Tried at a port that the kernel chooses, so whoever listens already is no hindrance.
Result<> check_bindable(const std::string& address);

/// The address that a host's name stands for, the first one that is found; a literal is its own. Fails with `invalid`
/// when there is none. Asks the resolver and waits for it: for start-up.
Result<std::string> literal_of(const std::string& host);

}  // namespace nephele::http
