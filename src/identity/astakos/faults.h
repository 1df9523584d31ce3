// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "base/log.h"
#include "base/result.h"
#include "http/router.h"

/// Error bodies of the Astakos API: {"itemNotFound": {"code": 404, "message": "...", "details": ""}}, or the same as
/// XML.
namespace nephele::identity::astakos {

enum class Format : std::uint8_t { json, xml };

enum class FaultName : std::uint8_t {
  not_modified,
  bad_request,
  unauthorized,
  forbidden,
  not_allowed,
  item_not_found,
  conflict,
  length_required,
  precondition_failed,
  request_entity_too_large,  ///< the body
  over_limit,                ///< a quota
  bad_media_type,
  range_not_satisfiable,
  unprocessable_entity,
  internal_server_error,
  not_implemented,
  service_unavailable,
};

int status_of(FaultName name) noexcept;
/// As on the wire: "itemNotFound".
std::string_view to_string(FaultName name) noexcept;

struct Fault {
  FaultName name = FaultName::internal_server_error;
  std::string message;
  /// Machine-readable facts: stands as `data` in place of `details`, in JSON only (commissions have it).
  std::optional<json::Value> data = std::nullopt;
};

/// A value, or the fault that is answered in its place.
template <class T = void>
class [[nodiscard]] Answer : public std::expected<T, Fault> {
 public:
  using std::expected<T, Fault>::expected;
};

[[nodiscard]] inline std::unexpected<Fault> refuse(FaultName name, std::string message) {
  return std::unexpected<Fault>(Fault{name, std::move(message)});
}

/// The fault that an error of a use case becomes. What speaks of our insides (databases, bugs, other machines) is
/// replaced; the answer's X-Request-Id leads to it in the log.
Fault fault_from(const Error& error);
/// The same in answer to a request; what is replaced stands in the log as `event`.
Fault fault_from(const Error& error, const http::Request& request, const log::Logger& log, std::string_view event);

/// {"code", "message", "details" or "data"} under the fault's name, as members of a reply that holds several of them.
json::Value to_json(const Fault& fault);

/// The whole answer, with the headers of every answer of this API.
http::Response fault_answer(const Fault& fault, Format format);
/// In the format that the request asks for.
http::Response fault_answer(const Fault& fault, const http::Request& request);

/// What the router says when no handler does. A path below `account/` or `identity/` that nobody serves is a bad
/// request: so the contract.
class AstakosFaults final : public http::Faults {
 public:
  /// `base_path` is what stands before `account/` and `identity/`: "" or "/astakos".
  explicit AstakosFaults(std::string base_path = {}) : base_path_(std::move(base_path)) {}

  http::Response not_found(const http::Request& request) const override;
  http::Response method_not_allowed(const http::Request& request, std::string allow) const override;
  http::Response internal(const http::Request& request) const override;
  http::Response too_large(const http::Request& request, std::size_t limit) const override;
  http::Response refused(const http::Request& request, const Error& error) const override;
  http::Response timed_out(const http::Request& request) const override;

 private:
  std::string base_path_;
};

}  // namespace nephele::identity::astakos
