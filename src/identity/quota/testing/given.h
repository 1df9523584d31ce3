// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "identity/quota/audit.h"

namespace nephele::identity::quota::testing {

/// Limits that nobody changes.
class Given final : public Expectations {
 public:
  explicit Given(std::vector<Limit> limits = {}) : limits_(std::move(limits)) {
    for (const auto& [key, limit] : limits_) by_key_.insert_or_assign(key, limit);
  }
  void hold(sql::Tx&) const override {}
  std::map<Key, Amount> of(sql::Tx&, std::span<const Key>) const override { return by_key_; }
  Page all(sql::Tx&, const std::string&) const override { return {.limits = limits_}; }

 private:
  std::vector<Limit> limits_;
  std::map<Key, Amount> by_key_;
};

}  // namespace nephele::identity::quota::testing
