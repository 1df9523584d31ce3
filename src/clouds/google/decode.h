// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "clouds/google/model.h"

/// Answers of Compute Engine to the plain values of model.h. Errors are `invalid` and say what is missing.
namespace nephele::google {

/// One page of instances.aggregatedList.
struct InstancePage {
  std::vector<Instance> instances = {};
  std::string next_token = {};  ///< empty: it is the last
  std::string missing = {};     ///< what of the list could not be told, as a sentence; empty: nothing
};
Result<InstancePage> decode_instances(const json::Object& answer);
Result<Instance> decode_instance(const json::Value& one);
Result<MachineType> decode_machine_type(const json::Value& one);
Result<Operation> decode_operation(std::string_view call, const json::Value& one);

}  // namespace nephele::google
