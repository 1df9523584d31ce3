// SPDX-License-Identifier: Apache-2.0
#include "identity/keystone/seen_tokens.h"

namespace nephele::identity::keystone {

std::shared_ptr<const Seen> SeenTokens::find(std::string_view hash, const store::Sight& now) {
  const std::lock_guard lock(mutex_);
  const auto found = by_hash_.find(hash);
  if (found == by_hash_.end()) return nullptr;
  if (found->second->seen->sight != now) {
    erase(found->second);
    return nullptr;
  }
  line_.splice(line_.end(), line_, found->second);
  return found->second->seen;
}

void SeenTokens::put(std::string hash, std::shared_ptr<const Seen> seen) {
  if (max_ == 0) return;
  const std::lock_guard lock(mutex_);
  if (const auto known = by_hash_.find(hash); known != by_hash_.end()) erase(known->second);
  while (line_.size() >= max_) erase(line_.begin());
  line_.push_back({std::move(hash), std::move(seen)});
  by_hash_.emplace(line_.back().hash, std::prev(line_.end()));
}

std::size_t SeenTokens::size() const {
  const std::lock_guard lock(mutex_);
  return line_.size();
}

void SeenTokens::erase(Line::iterator entry) {
  by_hash_.erase(entry->hash);
  line_.erase(entry);
}

}  // namespace nephele::identity::keystone
