// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "runtimes/model.h"

namespace nephele::runtimes::one {

/// Where the parts of a runtime were when somebody last looked, so that the next look can ask for all of them at once.
/// A guess and no more: whoever uses it compares with what the document says now. May be called by many at once.
class Whereabouts {
 public:
  struct Parts {
    std::int64_t service = -1;
    std::vector<std::int64_t> vms = {};
  };

  std::optional<Parts> find(RuntimeId id) const;
  void remember(RuntimeId id, Parts parts);

 private:
  static constexpr std::size_t most = 16'384;

  mutable std::mutex mutex_;
  std::unordered_map<std::int64_t, Parts> known_;
};

}  // namespace nephele::runtimes::one
