// SPDX-License-Identifier: Apache-2.0
#include "identity/quota/serials.h"

#include <mutex>
#include <optional>
#include <vector>

namespace nephele::identity::quota {

namespace {

constexpr std::int64_t drawn_at_once = 1000;

constexpr sql::Statement draw{"quota.serial.draw", R"(
  UPDATE identity_serial SET value = value + $1 WHERE name = 'commission' RETURNING value)"};

}  // namespace

struct Serials::Pool {
  struct Range {
    std::int64_t next;
    std::int64_t last;
  };

  std::optional<std::int64_t> take() {
    const std::lock_guard lock(mutex);
    if (ranges.empty()) return std::nullopt;
    Range& range = ranges.back();
    const std::int64_t number = range.next++;
    if (range.next > range.last) ranges.pop_back();
    return number;
  }
  void give(Range range) {
    const std::lock_guard lock(mutex);
    ranges.push_back(range);
  }

  std::mutex mutex;
  std::vector<Range> ranges;
};

Serials::Serials() : pool_(std::make_shared<Pool>()) {}
Serials::~Serials() = default;

Serial Serials::take(sql::Tx& tx) {
  if (const auto number = pool_->take()) return Serial(*number);
  const std::int64_t last = tx.one(draw, drawn_at_once).integer(0);
  const std::int64_t first = last - drawn_at_once + 1;
  // Only what is on disk may be handed to others.
  tx.after_commit([pool = pool_, rest = Pool::Range{first + 1, last}] { pool->give(rest); });
  return Serial(first);
}

}  // namespace nephele::identity::quota
