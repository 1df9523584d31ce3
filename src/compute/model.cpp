// SPDX-License-Identifier: Apache-2.0
#include "compute/model.h"

namespace nephele::compute {

std::string_view to_string(Desired v) noexcept {
  switch (v) {
    case Desired::running:
      return "running";
    case Desired::stopped:
      return "stopped";
    case Desired::deleted:
      return "deleted";
  }
  return "stopped";
}

std::string_view to_string(Observed v) noexcept {
  switch (v) {
    case Observed::absent:
      return "absent";
    case Observed::starting:
      return "starting";
    case Observed::ready:
      return "ready";
    case Observed::stopped:
      return "stopped";
    case Observed::error:
      return "error";
  }
  return "error";
}

std::string_view to_string(Activity v) noexcept {
  switch (v) {
    case Activity::none:
      return "none";
    case Activity::building:
      return "building";
    case Activity::resizing:
      return "resizing";
    case Activity::restarting:
      return "restarting";
    case Activity::removing:
      return "removing";
  }
  return "none";
}

}  // namespace nephele::compute
