// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>

namespace nephele::http {

struct Limits {
  std::size_t header_bytes = std::size_t{16} * 1024;
  std::size_t header_fields = 100;
  std::size_t connections = 4096;                    ///< more are accepted and closed at once with 503
  std::size_t drain_bytes = std::size_t{64} * 1024;  ///< of an unread body, before the connection is closed instead
  std::chrono::milliseconds header{10'000};          ///< from the first byte (or accept) to the end of the header
  std::chrono::milliseconds idle{75'000};            ///< between requests
  std::chrono::milliseconds body_stall{20'000};      ///< without any byte of a body, in either direction
  std::chrono::milliseconds request{120'000};  ///< a handler's whole time (not event streams, not streaming bodies)
  std::chrono::milliseconds keep_alive_comment{15'000};  ///< of event streams
};

}  // namespace nephele::http
