// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "base/secret.h"
#include "http/router.h"
#include "identity/astakos/callers.h"
#include "identity/astakos/faults.h"

/// What all calls of the Astakos API have in common: who calls, the form of bodies and answers, the headers of each.
namespace nephele::identity::astakos {

/// Decides the query's `format`, then the path's suffix, then `Accept`; JSON otherwise.
Format format_of(const http::Request& request);

/// Every answer: never cached, and different for each token.
http::Response json_answer(int status, std::string body);
http::Response xml_answer(int status, std::string body);
http::Response empty_answer(int status);

/// May a token stand in the URL? It then gets into logs and histories, so only reads that a browser does take it.
enum class TokenIn : std::uint8_t { header, header_or_query };

/// X-Auth-Token; of two, the query's wins. Refuses when there is none.
Answer<Secret> token_of(const http::Request& request, TokenIn where = TokenIn::header);

Task<Answer<CallingUser>> calling_user(const http::Request& request, Callers& callers, TokenIn where = TokenIn::header);
Task<Answer<CallingComponent>> calling_component(const http::Request& request, Callers& callers);

/// The body of a POST or PUT, an object or something else. `bytes_max` is the route's.
Task<Answer<json::Value>> json_body(http::Request& request, std::size_t bytes_max);
/// The same, and it is an object.
Task<Answer<json::Object>> json_object_body(http::Request& request, std::size_t bytes_max);

Fault body_too_large(std::size_t bytes_max);

/// `limit` of the query, which lists take beside a `marker`: a number from 1 on.
Answer<std::optional<std::size_t>> limit_in(const http::Request& request);

/// "2026-03-01T12:00:00.250000+00:00"
std::string timestamp(Time time);

/// Text between two tags. What XML cannot hold becomes U+FFFD.
std::string xml_text(std::string_view text);

/// Each route twice, since a trailing slash is optional: the paths of `routes` end in one.
template <class Api, std::size_t N>
consteval std::array<http::Route<Api>, 2 * N> slash_optional(const std::array<http::Route<Api>, N>& routes) {
  std::array<http::Route<Api>, 2 * N> all{};
  for (std::size_t i = 0; i < N; ++i) {
    if (!routes[i].path.ends_with('/')) throw "a route without a path, or one that does not end in a slash";
    all[2 * i] = all[2 * i + 1] = routes[i];
    all[2 * i].path.remove_suffix(1);
  }
  return all;
}

}  // namespace nephele::identity::astakos
