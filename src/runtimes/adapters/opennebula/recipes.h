// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/async.h"
#include "base/secret.h"
#include "runtimes/model.h"

namespace nephele::runtimes::one {

/// From which VM templates a caller's last create with certain flavours was made, so that the next one can read them
/// together with the service templates that say so. A guess and no more: it is compared with what they say now. Whoever
/// has an entry was let in by OpenNebula a few minutes ago, with these very credentials. May be called by many at once.
class Recipes {
 public:
  explicit Recipes(std::chrono::seconds keep = std::chrono::minutes(10)) : keep_(keep) {}

  std::optional<std::vector<std::int64_t>> find(const Caller& caller, std::string_view flavours) const;
  void remember(const Caller& caller, std::string_view flavours, std::vector<std::int64_t> vm_templates);
  void forget(const Caller& caller, std::string_view flavours);

 private:
  struct Recipe {
    std::vector<std::int64_t> vm_templates;
    SteadyTime until;
  };
  static constexpr std::size_t most = 4'096;

  /// Holds no credentials: a hash under a key that dies with the process.
  std::string name_of(const Caller& caller, std::string_view flavours) const;

  const SecretKey key_ = SecretKey::random();
  const std::chrono::seconds keep_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Recipe> known_;
};

}  // namespace nephele::runtimes::one
