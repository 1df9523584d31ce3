// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "identity/quota/model.h"

/// What a commission does to holdings: no I/O, no overflow.
///
///               issue                           accept             reject
///   quantity>0  usage_max += q, up to the limit  usage_min += q     usage_max -= q
///   quantity<0  usage_min -= |q|, down to 0      usage_max -= |q|   usage_min += |q|
namespace nephele::identity::quota {

enum class Refused : std::uint8_t { no_capacity, no_quantity };

/// The holding with `quantity` reserved. `force` passes the limit, but not the largest number.
std::expected<Holding, Refused> issued(Holding holding, Amount quantity, bool force);
/// The holding after the end of a reservation. Always possible: an amount that does not fit, which only a holding that
/// was changed by hand can have, stops at 0 and at the largest number.
Holding resolved(Holding holding, Amount quantity, Verdict verdict);

/// One provision a key, in the order of their first appearance. Fails with `invalid` when a sum is too large.
Result<std::vector<Provision>> summed(std::span<const Provision> provisions);

/// What is left of two limits: a member's own, and what the other members leave of the project's.
Amount effective_limit(const MemberQuota& quota);

struct Usage {
  Amount min = 0;
  Amount max = 0;
  friend bool operator==(const Usage&, const Usage&) = default;
};
/// Adds up what is known of a holding: accepted quantities and pending ones. Sums may pass through any size.
class UsageSum {
 public:
  void accepted(Amount quantity) { settled_ += quantity; }
  /// `thousands` thousand millions and `rest`: how SQL sums without overflow.
  void accepted_parts(Amount thousands, Amount rest) { settled_ += static_cast<Wide>(thousands) * part + rest; }
  void pending(Amount quantity) { (quantity > 0 ? more_ : less_) += quantity; }

  /// Nothing when the sums are no usage: below zero or too large.
  std::optional<Usage> usage() const;

  static constexpr Amount part = 1'000'000'000;

 private:
  __extension__ using Wide = __int128;
  Wide settled_ = 0;
  Wide more_ = 0;
  Wide less_ = 0;
};

}  // namespace nephele::identity::quota
