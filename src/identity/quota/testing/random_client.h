// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "identity/quota/testing/quotas_fixture.h"

/// Chances for random histories: few holdings and narrow limits, so that clients meet and are refused.
namespace nephele::identity::quota::testing {

inline std::uint64_t history_seed() {
  const char* chosen = std::getenv("NEPHELE_TEST_SEED");
  return chosen != nullptr ? std::strtoull(chosen, nullptr, 10) : std::random_device{}();
}

inline const std::vector<std::string> few_users{"u1", "u2", "u3", "u4", "u5", "u6"};
inline const std::vector<std::string> few_projects{"p1", "p2", "p3"};
inline const std::vector<std::string> few_resources{"cyclades.vm", "cyclades.ram"};

inline std::vector<Key> few_keys() {
  std::vector<Key> keys;
  for (const auto& project : few_projects)
    for (const auto& resource : few_resources) {
      keys.push_back(whole(project, resource));
      for (const auto& user : few_users) keys.push_back(member(user, project, resource));
    }
  return keys;
}

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}

  /// 0 to below `sides`.
  std::size_t roll(std::size_t sides) { return std::uniform_int_distribution<std::size_t>(0, sides - 1)(engine_); }
  bool chance(std::size_t percent) { return roll(100) < percent; }
  template <class T>
  const T& one_of(const std::vector<T>& all) {
    return all[roll(all.size())];
  }
  Amount quantity() { return static_cast<Amount>(roll(9)) - 4; }
  Amount limit() { return 60 + static_cast<Amount>(roll(120)); }

  NewCommission commission(std::string client, std::string name) {
    NewCommission wanted{.client = std::move(client), .name = std::move(name)};
    for (std::size_t pairs = 1 + roll(3); pairs != 0; --pairs)
      for (auto& provision : pair_of(one_of(few_users), one_of(few_projects), one_of(few_resources), quantity()))
        wanted.provisions.push_back(std::move(provision));
    if (chance(2)) wanted.provisions.push_back({member("nobody", "p1", "cyclades.vm"), 1});
    wanted.force = chance(5);
    wanted.auto_accept = chance(15);
    return wanted;
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace nephele::identity::quota::testing
