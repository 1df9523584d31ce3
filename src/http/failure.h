// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/error.h"

namespace nephele::http {

/// Why Client::send() brought no answer.
struct Failure {
  /// "timeout", "too_long" (the answer), "request" (it was never sent), "lost" (heard or not: the connection broke), or
  /// "unreachable".
  std::string_view cause;
  /// For callers of a service, to whom a limit of ours is no quota of theirs.
  Kind kind;
};
Failure failure_of(const Error& of_client) noexcept;

}  // namespace nephele::http
