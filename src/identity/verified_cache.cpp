// SPDX-License-Identifier: Apache-2.0
#include "identity/verified_cache.h"

#include "base/secret.h"

namespace nephele::identity {

bool VerifiedCache::fresh(const Entry& entry, Time now) const noexcept {
  return entry.since <= now && now - entry.since < life_;
}

bool VerifiedCache::holds(const Account& account, std::string_view digest, Time now) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_account_.find(account.id.text());
  if (found == by_account_.end()) return false;
  const Entry& entry = *found->second;
  return entry.version == account.version && fresh(entry, now) && equal_in_constant_time(entry.digest, digest);
}

void VerifiedCache::put(const Account& account, std::string digest, Time now) {
  if (max_ == 0 || life_.count() <= 0) return;
  const std::lock_guard lock(mutex_);
  if (const auto known = by_account_.find(account.id.text()); known != by_account_.end()) erase(known->second);
  while (!line_.empty() && (line_.size() >= max_ || !fresh(line_.front(), now))) erase(line_.begin());
  line_.push_back({account.id, account.version, std::move(digest), now});
  by_account_.emplace(line_.back().account.text(), std::prev(line_.end()));
}

std::size_t VerifiedCache::size() const {
  const std::lock_guard lock(mutex_);
  return line_.size();
}

void VerifiedCache::erase(Line::iterator entry) {
  by_account_.erase(entry->account.text());
  line_.erase(entry);
}

}  // namespace nephele::identity
