// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <utility>

#include "base/json.h"
#include "base/result.h"

namespace nephele::runtimes {

/// Why something was refused: a row of the contract's catalogue (2.8) and a few of ours. faults.cpp turns it into
/// status, `error` text and `message`; nobody else knows those.
enum class Code : std::uint8_t {
  authentication_required,
  unsupported_scheme,
  invalid_json,
  invalid_specification,
  templates_unlisted,  ///< also: the credentials of a POST are wrong
  no_templates,
  flavour_unknown,      ///< subject: the tuple
  template_unreadable,  ///< subject: FAAS or DAAS
  template_without_disk,
  create_refused,      ///< also: does not fit the machine
  service_failed,      ///< subject: service id
  vms_not_created,     ///< subject: service id
  service_unreadable,  ///< subject: service id
  vm_unreadable,
  document_not_created,
  not_found,
  document_unreadable,   ///< also: the credentials of GET, PUT, DELETE are wrong; somebody else's runtime
  document_not_updated,  ///< subject: id
  rename_refused,
  function_vm_unreadable,  ///< subject: FAAS or DAAS
  transient_state,         ///< subject: FAAS or DAAS
  error_state,             ///< subject: FAAS or DAAS
  capacity_refused,
  disk_refused,
  stuck_updating,       ///< subject: FAAS or DAAS
  unexpected_state,     ///< subject: FAAS or DAAS
  vm_not_updated,       ///< subject: the template's text
  service_not_deleted,  ///< subject: service id
  document_not_deleted,
  // Ours.
  idempotency_key_reused,
  invalid_header,  ///< subject: the header's name
  invalid_query,
  too_large,
  too_busy,
  route_unknown,
  method_unknown,
  internal,
};

struct Refusal {
  Code code = Code::internal;
  std::string subject;       ///< what stands in the middle or at the end of the text
  json::Value message = "";  ///< a string, an object or an array: for the caller
  /// What lies below. Where the catalogue says "as is", its kind chooses the status.
  std::optional<Error> cause;

  Refusal(Code c, std::string about = {}, json::Value text = "")  // NOLINT(google-explicit-constructor)
      : code(c), subject(std::move(about)), message(std::move(text)) {}
  /// The sentence becomes the message, unless it speaks of our insides.
  Refusal(Code c, Error error, std::string about = {});
};

/// A value, or a refusal that the API can tell.
template <class T = void>
class [[nodiscard]] Answer : public std::expected<T, Refusal> {
 public:
  using std::expected<T, Refusal>::expected;
};

[[nodiscard]] inline std::unexpected<Refusal> refuse(Code code, std::string subject = {}, json::Value message = "") {
  return std::unexpected<Refusal>(Refusal(code, std::move(subject), std::move(message)));
}
[[nodiscard]] inline std::unexpected<Refusal> refuse(Code code, Error cause, std::string subject = {}) {
  return std::unexpected<Refusal>(Refusal(code, std::move(cause), std::move(subject)));
}

}  // namespace nephele::runtimes
