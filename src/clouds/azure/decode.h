// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "clouds/azure/model.h"

/// Answers of Azure Resource Manager to the plain values of model.h. Errors are `invalid` and say what is missing.
namespace nephele::azure {

/// One page of any list.
struct Page {
  std::vector<json::Value> rows = {};
  std::string next = {};  ///< address of the next one; empty: it is the last
};
Result<Page> decode_page(json::Object answer);

Result<Machine> decode_machine(const json::Value& one);
View decode_view(const json::Value& instance_view);
Result<Size> decode_size(const json::Value& one);
/// The private address of a network interface and the id of its machine in small letters; both empty where it has none.
std::pair<std::string, std::string> decode_interface(const json::Value& one);

}  // namespace nephele::azure
