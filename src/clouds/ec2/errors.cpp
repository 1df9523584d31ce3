// SPDX-License-Identifier: Apache-2.0
#include "clouds/ec2/errors.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/redacted.h"
#include "base/visible.h"
#include "http/failure.h"

namespace nephele::ec2 {

namespace {

constexpr std::size_t text_bytes_max = 1'000;

Error error(Kind kind, std::string_view call, std::string_view cause, std::string text, const std::string& sentence) {
  return Error(kind, "the cloud's EC2 service " + sentence)
      .with("call", std::string(call))
      .with("cause", std::string(cause))
      .with("text", std::move(text));
}

struct Meaning {
  Kind kind;
  std::string_view cause;
};

Meaning meaning_of(int status, std::string_view code) {
  static constexpr std::array unknown{
      "AuthFailure",         "InvalidClientTokenId", "SignatureDoesNotMatch", "MissingAuthenticationToken",
      "IncompleteSignature", "RequestExpired",       "InvalidAccessKeyId",    "EC2MissingParameterAccessKey"};
  static constexpr std::array forbidden{"UnauthorizedOperation", "OptInRequired", "Blocked",
                                        "PendingVerification",   "AccessDenied",  "NotAuthorized"};
  static constexpr std::array conflict{"IncorrectInstanceState", "IdempotentParameterMismatch", "DependencyViolation"};
  const auto in = [code](const auto& list) { return std::ranges::find(list, code) != list.end(); };
  if (in(unknown)) return {Kind::unauthorized, "refused"};
  if (in(forbidden)) return {Kind::forbidden, "refused"};
  if (code == "RequestLimitExceeded" || code.starts_with("Throttling") || code == "EC2ThrottledException")
    return {Kind::busy, "rate_limit"};
  if (code.ends_with("LimitExceeded") || code == "QuotaError" || code == "TooManyInstances")
    return {Kind::over_quota, "quota"};
  if (code.ends_with(".NotFound")) return {Kind::not_found, "refused"};
  if (code.ends_with(".Duplicate") || in(conflict)) return {Kind::conflict, "refused"};
  if (code.starts_with("Insufficient")) return {Kind::busy, "refused"};
  if (status == 429) return {Kind::busy, "rate_limit"};
  if (status == 504 || status == 408) return {Kind::timeout, "http"};
  if (status >= 500) return {Kind::unavailable, "server"};
  if (status == 401) return {Kind::unauthorized, "refused"};
  if (status == 403) return {Kind::forbidden, "refused"};
  if (status == 404 && code.empty()) return {Kind::unavailable, "http"};  // a wrong path, not a missing machine
  if (status >= 400) return {Kind::invalid, "refused"};
  return {Kind::unavailable, "http"};
}

}  // namespace

Error refused(std::string_view call, int status, const Fault& fault, const std::vector<std::string>& hidden) {
  const auto [kind, cause] = meaning_of(status, fault.code);
  auto text = visible(redacted(fault.message, hidden).substr(0, text_bytes_max));
  const auto code = visible(fault.code.substr(0, 100));
  Error out = error(kind, call, cause, text,
                    "answered " + std::string(call) + " with status " + std::to_string(status) +
                        (code.empty() ? "" : ", " + code) + (text.empty() ? "" : ": " + text))
                  .with("code", code)
                  .with("http_status", std::to_string(status));
  if (!fault.request_id.empty()) out.with("request_id", visible(fault.request_id.substr(0, 100)));
  return out;
}

Error unreadable(std::string_view call, std::string_view why) {
  return error(Kind::unavailable, call, "garbage", "",
               "gave an answer to " + std::string(call) + " that cannot be read (" + std::string(why) +
                   "); check its address, and the proxy before it if there is one");
}

Error partial(std::string_view call, std::string_view why) {
  return error(Kind::unavailable, call, "partial", "",
               "did not give the whole list for " + std::string(call) + ": " + std::string(why) + "; try again");
}

Error not_answered(std::string_view call, const Error& failure) {
  const auto [cause, kind] = http::failure_of(failure);
  return error(kind, call, cause, "", "did not answer " + std::string(call) + ": " + failure.sentence());
}

bool may_have_happened(const Error& error) {
  static constexpr std::array unclear{"lost", "timeout", "too_long", "garbage", "server", "http"};
  return std::ranges::find(unclear, error.detail("cause")) != unclear.end();
}

bool is_quota(const Error& error) {
  return error.detail("cause") == "quota";
}

}  // namespace nephele::ec2
