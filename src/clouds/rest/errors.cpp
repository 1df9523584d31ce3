// SPDX-License-Identifier: Apache-2.0
#include "clouds/rest/errors.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/redacted.h"
#include "base/visible.h"
#include "http/failure.h"

namespace nephele::rest {

namespace {

constexpr std::size_t words_bytes_max = 1'000;
constexpr std::size_t code_bytes_max = 100;

}  // namespace

Meaning meaning_of(int status) {
  if (status == 429) return {Kind::busy, "rate_limit"};
  if (status == 504 || status == 408) return {Kind::timeout, "http"};
  if (status >= 500) return {Kind::unavailable, "server"};
  switch (status) {
    case 401:
      return {Kind::unauthorized, "refused"};
    case 403:
      return {Kind::forbidden, "refused"};
    case 404:
    case 410:
      return {Kind::not_found, "refused"};
    case 409:
    case 412:
      return {Kind::conflict, "refused"};
    default:
      return status >= 400 ? Meaning{Kind::invalid, "refused"} : Meaning{Kind::unavailable, "http"};
  }
}

Error error(const Meaning& meaning, std::string_view service, std::string_view call, const std::string& sentence) {
  return Error(meaning.kind, std::string(service) + " " + sentence)
      .with("call", std::string(call))
      .with("cause", std::string(meaning.cause));
}

Error refused(const Meaning& meaning, std::string_view service, std::string_view call, int status,
              std::string_view code, std::string_view words, const std::vector<std::string>& hidden) {
  const auto text =
      visible(redacted(std::string(ascii::trimmed(words, ascii::spaces)), hidden).substr(0, words_bytes_max));
  const auto shown = visible(code.substr(0, code_bytes_max));
  return error(meaning, service, call,
               "answered " + std::string(call) + " with status " + std::to_string(status) +
                   (shown.empty() ? "" : ", " + shown) + (text.empty() ? "" : ": " + text))
      .with("text", text)
      .with("code", shown)
      .with("http_status", std::to_string(status));
}

Error unreadable(std::string_view service, std::string_view call, std::string_view why) {
  return error({Kind::unavailable, "garbage"}, service, call,
               "gave an answer to " + std::string(call) + " that cannot be read (" + visible(why) +
                   "); check its address, and the proxy before it if there is one");
}

Error partial(std::string_view service, std::string_view call, std::string_view why) {
  return error({Kind::unavailable, "partial"}, service, call,
               "did not give the whole list for " + std::string(call) + ": " + visible(why) + "; try again");
}

Error not_answered(std::string_view service, std::string_view call, const Error& failure) {
  const auto [cause, kind] = http::failure_of(failure);
  return error({kind, cause}, service, call, "did not answer " + std::string(call) + ": " + failure.sentence());
}

bool may_have_happened(const Error& error) {
  static constexpr std::array unclear{"lost", "timeout", "too_long", "garbage", "server", "http"};
  return std::ranges::find(unclear, error.detail("cause")) != unclear.end();
}

}  // namespace nephele::rest
