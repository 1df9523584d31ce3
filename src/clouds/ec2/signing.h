// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "clouds/ec2/account.h"

/// AWS signatures of POSTs whose parameters are a form. No connection, and the time is told.
namespace nephele::ec2 {

using Parameters = std::vector<std::pair<std::string, std::string>>;

/// What of a URL is signed.
struct Target {
  std::string host;  ///< as the Host field has it: with the port, unless that is the scheme's own
  std::string path;  ///< "/" when there is none
};
/// Fails with `invalid` for what is no http or https URL, and for one with credentials, a query or a fragment.
Result<Target> target_of(std::string_view url);

/// "Action=RunInstances&UserData=aGk%3D": RFC 3986, in the order given.
std::string form_of(const Parameters& parameters);

/// Fields that sign a body (v4): X-Amz-Date and Authorization, over host and date.
std::vector<std::pair<std::string, std::string>> sign_v4(const Account& account, const Target& target,
                                                         std::string_view body, Time now);
/// The parameters with AWSAccessKeyId, SignatureMethod, SignatureVersion, Timestamp and Signature (v2, HmacSHA256).
Parameters sign_v2(const Account& account, const Target& target, Parameters parameters, Time now);

}  // namespace nephele::ec2
