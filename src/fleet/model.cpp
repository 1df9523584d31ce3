// SPDX-License-Identifier: Apache-2.0
#include "fleet/model.h"

namespace nephele::fleet {

std::string_view to_string(State state) noexcept {
  switch (state) {
    case State::unknown:
      return "Unknown";
    case State::shut_down:
      return "Shut down";
    case State::starting:
      return "Starting";
    case State::running:
      return "Running";
    case State::deleting:
      return "Deleting";
    case State::failed:
      return "Failed";
  }
  return "Unknown";
}

State state_from(std::string_view text) noexcept {
  for (const State state : {State::shut_down, State::starting, State::running, State::deleting, State::failed})
    if (to_string(state) == text) return state;
  return State::unknown;
}

}  // namespace nephele::fleet
