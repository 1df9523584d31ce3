// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "identity/identity.h"

namespace nephele::identity {

/// Credentials that argon2 found right a few seconds ago: of each account the keyed hash of its password, and the
/// account's version then. It saves the argon2 run, never the look at the account. Thread-safe, bounded.
class VerifiedCache {
 public:
  VerifiedCache(std::chrono::seconds life, std::size_t max) : life_(life), max_(max) {}

  /// `digest` is compared in constant time. An entry of another version, or from before the clock was set back, is
  /// none.
  bool holds(const Account& account, std::string_view digest, Time now) const;
  void put(const Account& account, std::string digest, Time now);

  std::size_t size() const;

 private:
  struct Entry {
    AccountId account;
    std::int64_t version;
    std::string digest;
    Time since;
  };
  using Line = std::list<Entry>;  // the oldest first; all live equally long

  bool fresh(const Entry& entry, Time now) const noexcept;
  void erase(Line::iterator entry);

  std::chrono::seconds life_;
  std::size_t max_;
  mutable std::mutex mutex_;
  Line line_;
  std::unordered_map<std::string_view, Line::iterator> by_account_;  // the keys live in line_
};

}  // namespace nephele::identity
