// SPDX-License-Identifier: Apache-2.0
#include "clouds/rest/fault.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/json.h"
#include "clouds/rest/errors.h"

namespace nephele::rest {

namespace {

/// Azure refuses for want of cores with OperationNotAllowed, which it also says of other things.
bool is_quota(std::string_view code, std::string_view message) {
  static constexpr std::array codes{"quotaExceeded", "QUOTA_EXCEEDED",        "limitExceeded",
                                    "QuotaExceeded", "ResourceQuotaExceeded", "PublicIPCountLimitReached"};
  if (std::ranges::find(codes, code) != codes.end()) return true;
  return code == "OperationNotAllowed" && ascii::lowered(message).contains("quota");
}

/// Nothing is wrong with the request; the cloud has no room for it now.
bool is_full(std::string_view code) {
  static constexpr std::array codes{"AllocationFailed", "ZonalAllocationFailed", "OverconstrainedAllocationRequest",
                                    "OverconstrainedZonalAllocationRequest", "SkuNotAvailable"};
  return code.starts_with("ZONE_RESOURCE_POOL_EXHAUSTED") || code == "resourcesExhausted" ||
         std::ranges::find(codes, code) != codes.end();
}

Meaning meaning_of_fault(int status, const Fault& fault) {
  static constexpr std::array slower{"rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED",
                                     "TooManyRequests"};
  static constexpr std::array nobody{"invalid_grant", "invalid_client", "unauthorized_client"};
  const auto in = [&fault](const auto& list) { return std::ranges::find(list, fault.code) != list.end(); };
  if (is_quota(fault.code, fault.message)) return {Kind::over_quota, "quota"};
  if (in(slower)) return {Kind::busy, "rate_limit"};
  if (is_full(fault.code)) return {Kind::busy, "refused"};
  if (in(nobody)) return {Kind::unauthorized, "refused"};
  if (status == 404 && fault.code.empty()) return {Kind::unavailable, "http"};  // a wrong path, not a missing machine
  return meaning_of(status);
}

}  // namespace

Fault decode_fault(const std::string& body) {
  const auto tree = json::parse(body);
  if (!tree) return {};
  if (const auto code = tree->text_at({"error"}); !code.empty())
    return {.code = std::string(code), .message = std::string(tree->text_at({"error_description"}))};
  Fault out{.code = std::string(tree->text_at({"error", "code"})),
            .message = std::string(tree->text_at({"error", "message"}))};
  const auto* const reasons = tree->at_path({"error", "errors"});
  const auto* const list = reasons == nullptr ? nullptr : reasons->if_array();
  if (list != nullptr && !list->empty()) out.code = std::string(list->front().text_at({"reason"}));
  if (out.code.empty()) out.code = std::string(tree->text_at({"error", "status"}));
  return out;
}

Error refused(std::string_view service, std::string_view call, int status, const Fault& fault,
              const std::vector<std::string>& hidden) {
  return refused(meaning_of_fault(status, fault), service, call, status, fault.code, fault.message, hidden);
}

}  // namespace nephele::rest
