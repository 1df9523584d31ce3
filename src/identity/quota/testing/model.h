// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "identity/quota/model.h"

/// What the quota holder should do, written once more and as plainly as can be, for histories of small numbers.
namespace nephele::identity::quota::testing {

class Model {
 public:
  struct Refusal {
    std::string name;
    Key key;
    Amount usage = 0;
    friend bool operator==(const Refusal&, const Refusal&) = default;
  };

  void limit(const Key& key, Amount limit) { holdings_[key].limit = limit; }

  std::optional<Refusal> issue(Serial serial, const NewCommission& wanted) {
    std::vector<Provision> sums;
    for (const auto& provision : wanted.provisions) {
      bool added = false;
      for (auto& sum : sums)
        if (sum.key == provision.key) {
          sum.quantity += provision.quantity;
          added = true;
        }
      if (!added) sums.push_back(provision);
    }
    for (const auto& [key, quantity] : sums) {
      const auto found = holdings_.find(key);
      if (found == holdings_.end()) return Refusal{"NoHoldingError", key};
      const Row& row = found->second;
      if (quantity > 0 && !wanted.force && row.settled + row.more + quantity > row.limit)
        return Refusal{"NoCapacityError", key, row.settled + row.more};
      if (quantity < 0 && row.settled - row.less + quantity < 0)
        return Refusal{"NoQuantityError", key, row.settled - row.less};
    }
    for (const auto& [key, quantity] : sums)
      (quantity > 0 ? holdings_[key].more : holdings_[key].less) += size(quantity);
    pending_[serial] = sums;
    if (wanted.auto_accept) end(serial, Verdict::accept);
    return std::nullopt;
  }

  bool end(Serial serial, Verdict verdict) {
    const auto found = pending_.find(serial);
    if (found == pending_.end()) return false;
    for (const auto& [key, quantity] : found->second) {
      Row& row = holdings_[key];
      (quantity > 0 ? row.more : row.less) -= size(quantity);
      if (verdict == Verdict::accept) row.settled += quantity;
    }
    pending_.erase(found);
    return true;
  }

  std::vector<Holding> holdings() const {
    std::vector<Holding> all;
    for (const auto& [key, row] : holdings_)
      all.push_back({key, row.limit, row.settled - row.less, row.settled + row.more});
    return all;
  }
  std::vector<Serial> pending() const {
    std::vector<Serial> all;
    for (const auto& [serial, provisions] : pending_) all.push_back(serial);
    return all;
  }

 private:
  /// What is used for sure, and what pending commissions would add and give back.
  struct Row {
    Amount limit = 0;
    Amount settled = 0;
    Amount more = 0;
    Amount less = 0;
  };
  static Amount size(Amount quantity) { return quantity < 0 ? -quantity : quantity; }

  std::map<Key, Row> holdings_;
  std::map<Serial, std::vector<Provision>> pending_;
};

}  // namespace nephele::identity::quota::testing
