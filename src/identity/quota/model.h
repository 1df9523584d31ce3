// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"

/// What may be used, and what is: the quota holder's values.
namespace nephele::identity::quota {

/// Of any resource: bytes, machines, addresses. Limits and usages are never negative, quantities may be.
using Amount = std::int64_t;
inline constexpr Amount unlimited = std::numeric_limits<Amount>::max();  ///< "inf" in commands

using Serial = NumericId<struct CommissionTag>;

/// A holding's name: ("user:UUID", "project:UUID", resource), or ("project:UUID", "", resource) for the whole project.
struct Key {
  std::string holder;
  std::string source;  ///< empty: none
  std::string resource;
  friend auto operator<=>(const Key&, const Key&) = default;
};

inline std::string user_ref(std::string_view uuid) {
  return "user:" + std::string(uuid);
}
inline std::string project_ref(std::string_view uuid) {
  return "project:" + std::string(uuid);
}
/// The part behind the colon.
inline std::string_view uuid_of(std::string_view ref) {
  return ref.substr(ref.find(':') + 1);
}

struct Limit {
  Key key;
  Amount limit = 0;
};

/// `usage_min` to `usage_max`: what is used if all pending commissions end in the one way or the other.
struct Holding {
  Key key;
  Amount limit = 0;
  Amount usage_min = 0;
  Amount usage_max = 0;
  friend bool operator==(const Holding&, const Holding&) = default;
};

struct Provision {
  Key key;
  Amount quantity = 0;  ///< negative: a release
  friend bool operator==(const Provision&, const Provision&) = default;
};

struct NewCommission {
  std::string client;  ///< the component that issues it: nobody else sees or resolves it
  std::string name = {};
  std::vector<Provision> provisions = {};  ///< the same keys are summed
  bool force = false;                      ///< over the limit; a release never goes below zero
  bool auto_accept = false;
};

struct Commission {
  Serial serial;
  std::string client;
  std::string name;
  Time issued;
  std::vector<Provision> provisions;  ///< by key
};

enum class Verdict : std::uint8_t { accept, reject };

/// A kind of thing that is counted.
struct Resource {
  std::string name;  ///< "cyclades.vm"
  std::string description = {};
  std::string unit = {};
  std::string service_type = {};
  std::string service_origin = {};     ///< the service that brought it
  Amount system_default = unlimited;   ///< limit in a user's system project
  Amount project_default = unlimited;  ///< in other projects, where they say nothing
  bool ui_visible = true;
  bool api_visible = true;
};

/// What clients see of a user's holding beside its project's.
struct MemberQuota {
  Amount usage = 0;
  Amount limit = 0;
  Amount pending = 0;
  Amount project_usage = 0;
  Amount project_limit = 0;
  Amount project_pending = 0;
};

}  // namespace nephele::identity::quota
