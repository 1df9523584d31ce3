// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/cloud.h"
#include "fleet/config.h"

/// What the adapters of clouds say in the same way.
namespace nephele::fleet {

/// "cernvm4" of root_image = image:cernvm4; nothing for a file or a URL.
std::optional<std::string> named_image(std::string_view root_image);

/// Whatever failed, no machine was made: never one of the kinds of may_have_happened().
Error none_made(const Error& error);

/// For what may fail: that which comes after it keeps the other half.
inline SteadyTime half_way_to(SteadyTime deadline) {
  const auto now = std::chrono::steady_clock::now();
  return now + (deadline - now) / 2;
}

/// The phases of a client (the same words in each, as far as it has them) as states. On its way down it still runs.
template <class Phase>
constexpr State state_of_phase(Phase phase) noexcept {
  if constexpr (requires { Phase::stopping; })
    if (phase == Phase::stopping) return State::running;
  if constexpr (requires { Phase::failed; })
    if (phase == Phase::failed) return State::failed;
  switch (phase) {
    case Phase::starting:
      return State::starting;
    case Phase::running:
      return State::running;
    case Phase::shut_down:
      return State::shut_down;
    case Phase::deleting:
      return State::deleting;
    default:
      return State::unknown;
  }
}

/// The value of a key in a map of tags or metadata; empty where it has none.
template <class Map>
std::string value_in(const Map& map, std::string_view key) {
  const auto found = map.find(key);
  return found == map.end() ? std::string() : found->second;
}

/// Of several, always the same one for a machine: an order that is given again must be the same. Empty: there are none.
std::string one_of(const std::vector<std::string>& choices, const std::string& machine);

/// Each flavor that a machinetype of the space may have, once.
std::vector<std::string> flavors_of(const Space& space);

/// flavor_processors: "m1.small:1" or "m1.small:1:2048" each; names of flavors end at the first colon.
Result<std::map<std::string, Flavor>> flavor_sizes(const Space& space, const std::vector<std::string>& written);

/// "FILE:LINE: [space NAME] WHAT" for the operator.
std::unexpected<Error> wrong_in(const Space& space, const std::string& what);
/// A password in Base64, else as the first releases wrote it: each character one higher (contract vcycle, 1.4). Fails
/// where both are empty or no password comes out.
Result<Secret> password_of(const Space& space, const Secret& base64, const Secret& raised);

}  // namespace nephele::fleet
