// SPDX-License-Identifier: Apache-2.0
#include "runtimes/adapters/opennebula/whereabouts.h"

namespace nephele::runtimes::one {

std::optional<Whereabouts::Parts> Whereabouts::find(RuntimeId id) const {
  const std::lock_guard lock(mutex_);
  const auto known = known_.find(id.number());
  if (known == known_.end()) return std::nullopt;
  return known->second;
}

void Whereabouts::remember(RuntimeId id, Parts parts) {
  const std::lock_guard lock(mutex_);
  if (known_.size() >= most && !known_.contains(id.number())) known_.clear();  // they come back as they are asked for
  known_.insert_or_assign(id.number(), std::move(parts));
}

}  // namespace nephele::runtimes::one
