// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>

#include "base/rates.h"

namespace nephele::http {

/// What one address may take of a server (one network of 64 bits, in IPv6); 0: any number.
struct PeerLimits {
  std::size_t connections = 0;      ///< at once
  Rate connects{.burst = 0};        ///< new connections; what is more is closed at once
  Rate requests{.burst = 0};        ///< more are answered by Faults::refused with `busy`
  std::size_t remembered = 20'000;  ///< addresses whose rates are counted
};

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
  PeerLimits peer = {};
};

}  // namespace nephele::http
