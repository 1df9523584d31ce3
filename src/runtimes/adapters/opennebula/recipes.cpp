// SPDX-License-Identifier: Apache-2.0
#include "runtimes/adapters/opennebula/recipes.h"

namespace nephele::runtimes::one {

std::string Recipes::name_of(const Caller& caller, std::string_view flavours) const {
  // A user's name holds no colon, and the flavours stand outside of what is hashed.
  return key_.keyed_hash(caller.user + ":" + caller.password.reveal(), "runtimes.recipe") + std::string(flavours);
}

std::optional<std::vector<std::int64_t>> Recipes::find(const Caller& caller, std::string_view flavours) const {
  const auto name = name_of(caller, flavours);
  const std::lock_guard lock(mutex_);
  const auto known = known_.find(name);
  if (known == known_.end() || known->second.until <= std::chrono::steady_clock::now()) return std::nullopt;
  return known->second.vm_templates;
}

void Recipes::remember(const Caller& caller, std::string_view flavours, std::vector<std::int64_t> vm_templates) {
  auto name = name_of(caller, flavours);
  const std::lock_guard lock(mutex_);
  if (known_.size() >= most && !known_.contains(name)) known_.clear();  // they come back as they are asked for
  known_.insert_or_assign(std::move(name), Recipe{std::move(vm_templates), in(keep_)});
}

void Recipes::forget(const Caller& caller, std::string_view flavours) {
  const auto name = name_of(caller, flavours);
  const std::lock_guard lock(mutex_);
  known_.erase(name);
}

}  // namespace nephele::runtimes::one
