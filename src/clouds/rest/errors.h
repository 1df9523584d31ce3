// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

/// What goes wrong with calls of services with resources at URLs, in our kinds. Details:
///
///   call         "POST /compute/", "instances.insert"
///   cause        "refused" (it said no), "quota", "rate_limit", "server" (5xx), "http" (another status), "garbage" (a
///                2xx that nobody can read), "partial" (a list that is not whole), "unreachable", "lost" (heard or
///                not: the connection broke), "timeout", "too_long", "request" (never sent)
///   text         what the service said, without secrets
///   code         its own code, where it has such
///   http_status  where there is one
namespace nephele::rest {

struct Meaning {
  Kind kind;
  std::string_view cause;
};
/// Of a status outside 2xx alone. Not of quotas: services use several statuses for them.
Meaning meaning_of(int status);

/// `service` begins the sentence: "the cloud's service of Google".
Error error(const Meaning& meaning, std::string_view service, std::string_view call, const std::string& sentence);
/// `words` are theirs; `hidden` are texts of the request that no error may repeat, and long words go in any case
/// (base/redacted.h).
Error refused(const Meaning& meaning, std::string_view service, std::string_view call, int status,
              std::string_view code, std::string_view words, const std::vector<std::string>& hidden);
Error unreadable(std::string_view service, std::string_view call, std::string_view why);
Error partial(std::string_view service, std::string_view call, std::string_view why);
Error not_answered(std::string_view service, std::string_view call, const Error& failure);

/// Whether a change may have been carried out all the same.
bool may_have_happened(const Error& error);

}  // namespace nephele::rest
