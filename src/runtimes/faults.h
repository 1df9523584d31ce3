// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "http/router.h"
#include "runtimes/refusal.h"

/// This API's error bodies: {"error": text, "message": text, object or array}, both always there.
namespace nephele::runtimes {

/// Which statuses may leave depends on the route (contract 2.8, last paragraph); all others become 500.
enum class RouteKind : std::uint8_t { create, read, update, remove, other };

int status_of(const Refusal& refusal, RouteKind route);
/// The `error` text.
std::string error_text(const Refusal& refusal);

/// The whole answer. A 500 whose reason must stay inside names the request instead: its id is in the log.
http::Response fault(const Refusal& refusal, RouteKind route, const std::string& request_id);

/// An answer of this API: JSON, `X-Content-Type-Options: nosniff`.
http::Response json_answer(int status, std::string body);

/// What the router says when no handler does.
class RuntimeFaults final : public http::Faults {
 public:
  http::Response not_found(const http::Request& request) const override;
  http::Response method_not_allowed(const http::Request& request, std::string allow) const override;
  http::Response internal(const http::Request& request) const override;
  http::Response too_large(const http::Request& request, std::size_t limit) const override;
  http::Response refused(const http::Request& request, const Error& error) const override;
  http::Response timed_out(const http::Request& request) const override;
};

}  // namespace nephele::runtimes
