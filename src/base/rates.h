// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/result.h"

namespace nephele {

/// How often one place may do something: `burst` times at once, then once each `every`.
struct Rate {
  std::uint32_t burst = 10;
  std::chrono::milliseconds every{60'000};
};

/// What each place did lately, in memory, at most `max` places: the one that was quiet for longest gives way. These are
/// this process's own counts. Thread-safe.
class Rates {
 public:
  Rates(Rate rate, std::size_t max) : rate_(rate), max_(max) {}

  /// Counts once; or the time to wait, and nothing is counted.
  std::optional<std::chrono::milliseconds> take(const std::string& who, Time now);
  /// What take() would answer.
  std::optional<std::chrono::milliseconds> wait_of(std::string_view who, Time now) const;
  /// The same as a Result: `busy`, with `sentence` and the detail "retry_after_ms".
  Result<> allow(const std::string& who, Time now, std::string sentence);

 private:
  struct Entry {
    std::string who;
    Time free;  ///< when all of it is forgotten
  };
  using Line = std::list<Entry>;  // the longest quiet first

  std::optional<std::chrono::milliseconds> wait_until(Time free, Time now) const;
  Time free_of(std::string_view who, Time now) const;

  Rate rate_;
  std::size_t max_;
  mutable std::mutex mutex_;
  Line line_;
  std::unordered_map<std::string_view, Line::iterator> by_who_;  // the keys live in line_
};

}  // namespace nephele
