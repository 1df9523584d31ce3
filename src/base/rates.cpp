// SPDX-License-Identifier: Apache-2.0
#include "base/rates.h"

#include <algorithm>

namespace nephele {

// A clock that was set back makes nobody wait longer than a full count would.
Time Rates::free_of(std::string_view who, Time now) const {
  const auto found = by_who_.find(who);
  if (found == by_who_.end()) return now;
  return std::clamp(found->second->free, now, now + rate_.every * rate_.burst);
}

std::optional<std::chrono::milliseconds> Rates::wait_until(Time free, Time now) const {
  const Time start = free - rate_.every * (std::max(rate_.burst, 1U) - 1);
  if (start <= now) return std::nullopt;
  return std::chrono::ceil<std::chrono::milliseconds>(start - now);
}

std::optional<std::chrono::milliseconds> Rates::take(const std::string& who, Time now) {
  const std::lock_guard lock(mutex_);
  const Time free = free_of(who, now);
  if (const auto wait = wait_until(free, now)) return wait;
  if (const auto found = by_who_.find(who); found != by_who_.end()) {
    found->second->free = free + rate_.every;
    line_.splice(line_.end(), line_, found->second);
    return std::nullopt;
  }
  while (!line_.empty() && (line_.size() >= max_ || line_.front().free <= now)) {
    by_who_.erase(line_.front().who);
    line_.pop_front();
  }
  line_.push_back({who, free + rate_.every});
  by_who_.emplace(line_.back().who, std::prev(line_.end()));
  return std::nullopt;
}

std::optional<std::chrono::milliseconds> Rates::wait_of(std::string_view who, Time now) const {
  const std::lock_guard lock(mutex_);
  return wait_until(free_of(who, now), now);
}

Result<> Rates::allow(const std::string& who, Time now, std::string sentence) {
  const auto wait = take(who, now);
  if (!wait) return {};
  return fail(Error(Kind::busy, std::move(sentence)).with("retry_after_ms", std::to_string(wait->count())));
}

}  // namespace nephele
