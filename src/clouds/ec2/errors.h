// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "clouds/ec2/decode.h"

/// What EC2 refuses, in our kinds; EC2's own code decides before the status: half of them come with 400. Details:
///
///   call         "RunInstances"
///   cause        "refused" (it said no), "quota", "rate_limit", "server", "http" (a status without a code of EC2),
///                "garbage", "partial" (a list that is not whole), "unreachable", "lost" (heard or not), "timeout",
///                "too_long", "request" (never sent)
///   code         "InstanceLimitExceeded";  text: its words
///   http_status, request_id
namespace nephele::ec2 {

/// `hidden` are texts of the request that no error may repeat; long words go in any case (base/redacted.h).
Error refused(std::string_view call, int status, const Fault& fault, const std::vector<std::string>& hidden = {});
Error unreadable(std::string_view call, std::string_view why);
Error partial(std::string_view call, std::string_view why);
Error not_answered(std::string_view call, const Error& error);

/// Whether a change may have been carried out all the same.
bool may_have_happened(const Error& error);
bool is_quota(const Error& error);

}  // namespace nephele::ec2
