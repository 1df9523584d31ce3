// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/rates.h"
#include "http/limits.h"

namespace nephele::http {

/// What each address takes of a server at the moment, so that none takes all of it. Thread-safe.
class Peers : public std::enable_shared_from_this<Peers> {
 public:
  static bool are_limited(const PeerLimits& limits) noexcept {
    return limits.connections != 0 || limits.connects.burst != 0 || limits.requests.burst != 0;
  }

  explicit Peers(const PeerLimits& limits)
      : limits_(limits), connects_(limits.connects, limits.remembered), requests_(limits.requests, limits.remembered) {}

  /// A place for one more connection, given back with its last owner; null: this one has enough of them.
  std::shared_ptr<void> enter(const std::string& who);
  /// Counts a request; the error is `busy`, with the detail "retry_after_ms".
  std::optional<Error> request(const std::string& who);

 private:
  struct Place;
  void leave(const std::string& who) noexcept;

  const PeerLimits limits_;
  Rates connects_, requests_;
  std::mutex mutex_;  // guards what follows
  std::unordered_map<std::string, std::size_t> open_;
};

}  // namespace nephele::http
