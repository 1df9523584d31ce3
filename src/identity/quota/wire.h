// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "identity/astakos/faults.h"
#include "identity/quota/quotas.h"

/// The quota holder's values in JSON, both ways: no I/O.
namespace nephele::identity::quota::wire {

/// The body of a POST of commissions.
astakos::Answer<NewCommission> commission_from(const json::Object& body, std::string client);
/// The body of an action on one commission: accept or reject.
astakos::Answer<Verdict> verdict_from(const json::Object& body);
/// The body of an action on several: those to accept, those to reject.
astakos::Answer<std::pair<std::vector<Serial>, std::vector<Serial>>> serials_from(const json::Object& body);
/// What stands in a path. Digits that are no number of ours name no commission: Serial(0).
astakos::Answer<Serial> serial_from(std::string_view text);
/// "a,b" as a list.
std::vector<std::string> names_from(std::string_view text);

/// The `data` of the fault where a commission was refused for want of a holding or of quantity.
std::optional<json::Value> data_of(const Error& error);

json::Value to_json(const Commission& commission);
json::Value to_json(std::span<const Serial> serials);
json::Value to_json(const Resolved& resolved);
json::Value to_json(const ProjectQuotas& quotas);
json::Value to_json(const UserQuotas& quotas);
json::Value to_json(const WholeQuotas& quotas);
json::Value to_json(std::span<const Resource> resources);  ///< those that the API shows

}  // namespace nephele::identity::quota::wire
