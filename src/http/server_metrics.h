// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

namespace nephele::http {

/// Counters for /metrics.
struct ServerMetrics {
  std::atomic<std::uint64_t> connections_accepted{0};
  std::atomic<std::int64_t> connections_open{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> responses_2xx{0}, responses_4xx{0}, responses_5xx{0}, responses_other{0};
  std::atomic<std::uint64_t> bad_requests{0};  ///< refused before a handler
  std::atomic<std::uint64_t> request_microseconds{0};
};

}  // namespace nephele::http
