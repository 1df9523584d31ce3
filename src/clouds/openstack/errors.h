// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

/// What an OpenStack service refuses, in our kinds:
///
///   unauthorized  401, also with a token that was just made       not_found  404, 410
///   forbidden     403                                             conflict   409
///   over_quota    a quota: Nova's 403, Cinder's 413, Neutron's 409
///   busy          429, or 413 with Retry-After: too many requests
///   invalid       400 and other 4xx                               timeout    no answer in time, 408, 504
///   unavailable   5xx, no connection, an answer that nobody can read
///
/// and in the details:
///
///   service      "identity", "compute", "image", "network", "volume"
///   call         "POST /servers"
///   cause        "refused" (it said no), "quota", "rate_limit", "server" (5xx), "http" (another status), "garbage" (a
///                2xx that nobody can read), "partial" (a list that is not whole), "no_endpoint", "unreachable",
///                "lost" (heard or not: the connection broke), "timeout", "too_long", "request" (never sent)
///   text         what the service said, without secrets; empty when it said nothing for people
///   http_status, retry_after (seconds), request_id   where there is one
namespace nephele::openstack {

/// An answer outside 2xx, as far as its error needs it.
struct Refusal {
  int status = 0;
  std::string_view body = {};
  std::string_view content_type = {};
  std::string_view retry_after = {};
  std::string_view request_id = {};
};

/// `hidden` are texts of the request that no error may repeat: Nova quotes what it does not like, user data among it.
Error refused(std::string_view service, std::string_view call, const Refusal& refusal,
              const std::vector<std::string>& hidden = {});
/// A 2xx that cannot be read; `why` says where reading ended.
Error unreadable(std::string_view service, std::string_view call, std::string_view why);
/// A list that is there, but not whole.
Error partial(std::string_view service, std::string_view call, std::string_view why);
/// What http::Client could not do, with the same details as the others.
Error not_answered(std::string_view service, std::string_view call, const Error& error);

/// How long the service asks to be left alone; at most a day.
std::optional<std::chrono::seconds> retry_after(const Error& error);
/// Whether a change may have been carried out all the same: look before it is sent again.
bool may_have_happened(const Error& error);
/// A limit of the project, not of the moment: more of the same will be refused too.
bool is_quota(const Error& error);

}  // namespace nephele::openstack
