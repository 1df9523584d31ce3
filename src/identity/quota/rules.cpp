// SPDX-License-Identifier: Apache-2.0
#include "identity/quota/rules.h"

#include <algorithm>
#include <map>

namespace nephele::identity::quota {

namespace {

/// `usage` + `change`, which stops at 0 and at the largest number.
Amount moved(Amount usage, Amount change) {
  Amount sum = 0;
  if (__builtin_add_overflow(usage, change, &sum)) return change > 0 ? unlimited : 0;
  return std::max<Amount>(sum, 0);
}

/// `usage` - `change`, in the same way: |change| itself may not be a number.
Amount moved_back(Amount usage, Amount change) {
  Amount difference = 0;
  if (__builtin_sub_overflow(usage, change, &difference)) return change < 0 ? unlimited : 0;
  return std::max<Amount>(difference, 0);
}

}  // namespace

std::expected<Holding, Refused> issued(Holding holding, Amount quantity, bool force) {
  if (quantity > 0) {
    // Both are at least 0, so the difference is a number; it is negative when the limit was lowered below the usage.
    const Amount room = (force ? unlimited : holding.limit) - holding.usage_max;
    if (quantity > room) return std::unexpected(Refused::no_capacity);
    holding.usage_max += quantity;
  } else if (quantity < 0) {
    if (holding.usage_min + quantity < 0) return std::unexpected(Refused::no_quantity);
    holding.usage_min += quantity;
  }
  return holding;
}

Holding resolved(Holding holding, Amount quantity, Verdict verdict) {
  const bool accept = verdict == Verdict::accept;
  if (quantity > 0) {
    if (accept)
      holding.usage_min = moved(holding.usage_min, quantity);
    else
      holding.usage_max = moved_back(holding.usage_max, quantity);
  } else if (quantity < 0) {
    if (accept)
      holding.usage_max = moved(holding.usage_max, quantity);
    else
      holding.usage_min = moved_back(holding.usage_min, quantity);
  }
  return holding;
}

Result<std::vector<Provision>> summed(std::span<const Provision> provisions) {
  std::vector<Provision> sums;
  std::map<Key, std::size_t> places;
  for (const auto& provision : provisions) {
    const auto [place, fresh] = places.try_emplace(provision.key, sums.size());
    if (fresh) {
      sums.push_back(provision);
      continue;
    }
    Amount& sum = sums[place->second].quantity;
    if (__builtin_add_overflow(sum, provision.quantity, &sum))
      return fail(Kind::invalid, "the quantities of " + provision.key.resource + " for " + provision.key.holder +
                                     " are too large together; split the commission");
  }
  return sums;
}

Amount effective_limit(const MemberQuota& quota) {
  __extension__ using Wide = __int128;
  const Wide others = static_cast<Wide>(quota.project_usage) - quota.usage;
  const Wide left = static_cast<Wide>(quota.project_limit) - others;
  return static_cast<Amount>(
      std::clamp<Wide>(left, std::numeric_limits<Amount>::min(), static_cast<Wide>(quota.limit)));
}

std::optional<Usage> UsageSum::usage() const {
  const Wide min = settled_ + less_;
  const Wide max = settled_ + more_;
  if (min < 0 || max > unlimited) return std::nullopt;
  return Usage{static_cast<Amount>(min), static_cast<Amount>(max)};
}

}  // namespace nephele::identity::quota
