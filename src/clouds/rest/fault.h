// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace nephele::rest {

/// Code and message of an answer outside 2xx; both empty when it is none of theirs.
struct Fault {
  std::string code = {};
  std::string message = {};
};
/// Google's {"error": {"errors": [{"reason"}]}}, Azure's {"error": {"code"}}, and OAuth's {"error": "invalid_grant"}.
Fault decode_fault(const std::string& body);

/// What Google and Azure refuse; their own code decides before the status. As in clouds/rest/errors.h.
Error refused(std::string_view service, std::string_view call, int status, const Fault& fault,
              const std::vector<std::string>& hidden = {});

}  // namespace nephele::rest
