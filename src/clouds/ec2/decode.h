// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "clouds/ec2/model.h"
#include "clouds/xml/xml.h"

/// Answers of EC2 to the plain values of model.h. Errors are `invalid` and say what is missing.
namespace nephele::ec2 {

/// One page of DescribeInstances.
struct InstancePage {
  std::vector<Instance> instances = {};
  std::string next_token = {};  ///< empty: it is the last
};
Result<InstancePage> decode_instances(xml::Node answer);
/// Of RunInstances: the one that was made.
Result<Instance> decode_reservation(xml::Node answer);
/// One page of DescribeInstanceTypes.
struct TypePage {
  std::vector<InstanceType> types = {};
  std::string next_token = {};
};
Result<TypePage> decode_instance_types(xml::Node answer);
Result<std::vector<KeyPair>> decode_key_pairs(xml::Node answer);

/// Code and message of an answer outside 2xx; both empty when it is none of EC2's.
struct Fault {
  std::string code = {};
  std::string message = {};
  std::string request_id = {};
};
Fault decode_fault(const std::string& body);

}  // namespace nephele::ec2
