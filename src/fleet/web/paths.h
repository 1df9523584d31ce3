// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// What the paths mean that machines ask for (contract vcycle, 2.11). No I/O.
namespace nephele::fleet::web {

enum class Asked : std::uint8_t {
  nothing,     ///< of ours: 404
  feature,     ///< a value of machinefeatures or jobfeatures
  index,       ///< of all values there are
  folder,      ///< the same without its slash at the end: sent on to the index
  heartbeats,  ///< the list of a machinetype
  glue,        ///< what information systems are told of a space
  output,      ///< a joboutput, which machines write and nobody reads here
};

/// Every text in it is a plain name, fit to be part of a path.
struct Target {
  Asked asked = Asked::nothing;
  std::string space = {};    ///< empty: a machine of the first releases, whose URLs name no space
  std::string machine = {};  ///< empty for heartbeats and glue
  std::string what = {};     ///< "machinefeatures" or "jobfeatures"
  std::string name = {};     ///< the file in it, or the machinetype

  friend bool operator==(const Target&, const Target&) = default;
};

/// `path` as it came, still encoded, without a query.
Target target_of(std::string_view path);

}  // namespace nephele::fleet::web
