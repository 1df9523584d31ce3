// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "clouds/opennebula/xmlrpc.h"

/// What oned and OneFlow refuse, in our kinds. The details let a caller above map it his own way:
///
///   system       "oned" or "oneflow"
///   call         "one.vm.info", "GET /service/3"
///   cause        "refused" (the system said no), "fault" (oned's XML-RPC library did), "http" (a status that neither
///                gives, from whatever stands in between), "garbage" (a 2xx that nobody can read), "unreachable",
///                "lost" (heard or not: the connection broke), "timeout", "too_long", "request" (never sent)
///   text         what it said, word for word; empty when it said nothing for people
///   code         oned's number (1024) or that of the fault (-506)
///   http_status  OneFlow's, or of an "http" cause
///   object       id of whom it is about, where that is known
namespace nephele::opennebula {

/// Numbers of oned (include/Request.h).
enum class OnedCode : std::int64_t {
  authentication = 0x0100,
  authorization = 0x0200,
  no_exists = 0x0400,
  action = 0x0800,
  xml_rpc_api = 0x1000,
  internal = 0x2000,
  allocate = 0x4000,
  locked = 0x8000,
  replication = 0x10000,
};

Kind kind_of_code(std::int64_t code) noexcept;

Error oned_refused(std::string_view call, const xmlrpc::Answer& answer);
Error oned_fault(std::string_view call, const xmlrpc::Fault& fault);

/// An answer of OneFlow outside 2xx. Its 401 and 403 are swapped for what oned says (one_error_to_http), so the text
/// decides between "nobody knows you" and "you may not".
Error oneflow_refused(std::string_view call, int status, std::string_view body);

/// A status that oned never gives (502 of a proxy, 404 of a wrong path): the page is not quoted.
Error foreign_status(std::string_view system, std::string_view call, int status);
/// A 2xx that cannot be read; `why` says where reading ended.
Error unreadable(std::string_view system, std::string_view call, std::string_view why);
/// What http::Client could not do, with the same details as the others.
Error not_answered(std::string_view system, std::string_view call, const Error& error);

/// A page of HTML, as proxies and web frameworks send it, is nothing to show to anybody.
bool is_page(std::string_view body);

}  // namespace nephele::opennebula
