// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

namespace nephele {

/// UTC, in milliseconds: what the database stores (as an integer) and the wire shows.
using Time = std::chrono::sys_time<std::chrono::milliseconds>;

/// Wall-clock time, passed in, so that tests own it. Deadlines inside a process use std::chrono::steady_clock.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Time now() const override;
};

/// A clock that stands until it is moved. Safe to move while others read.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start) : ms_(start.time_since_epoch().count()) {}
  Time now() const override { return Time{std::chrono::milliseconds{ms_.load()}}; }
  void advance(std::chrono::milliseconds by) { ms_ += by.count(); }

 private:
  std::atomic<std::int64_t> ms_;
};

inline std::int64_t to_ms(Time time) {
  return time.time_since_epoch().count();
}
inline Time from_ms(std::int64_t ms) {
  return Time{std::chrono::milliseconds{ms}};
}

/// "2026-03-01T12:00:00.250Z"
std::string iso8601(Time time);
/// "Sun, 01 Mar 2026 12:00:00 GMT", for HTTP's Date.
std::string http_date(Time time);

}  // namespace nephele
