// SPDX-License-Identifier: Apache-2.0
#include "runtimes/faults.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <string_view>

namespace nephele::runtimes {
namespace {

/// One row of the catalogue. `{}` in the text is the subject. Without a fixed status the cause's kind chooses it, where
/// it is one of `as_is`; else 500.
struct Row {
  Code code;
  int status;
  std::string_view text;
  std::array<int, 6> as_is = {};
};

using std::string_view_literals::operator""sv;

constexpr std::array<int, 6> upstream{400, 401, 403, 422, 504};
constexpr std::array<int, 6> denied{401, 403};
constexpr std::array<int, 6> denied_or_gone{401, 403, 404};
constexpr std::array<int, 6> forbidden_only{403};

constexpr std::array catalogue{
    Row{Code::authentication_required, 401, "Authentication required"},
    Row{Code::unsupported_scheme, 401, "Unsupported authentication scheme"},
    Row{Code::invalid_json, 400, "Invalid JSON"},
    Row{Code::invalid_specification, 400, "Invalid Serverless Runtime specification"},
    Row{Code::templates_unlisted, 0, "Failed to get list of service templates", upstream},
    Row{Code::no_templates, 403, "User requesting Serverless Runtime creation has no flow templates available for use"},
    Row{Code::flavour_unknown, 422, "Cannot find a valid service template for the specified flavours: {}"},
    Row{Code::template_unreadable, 0, "Failed to read VM Template for Function {}", denied},
    Row{Code::template_without_disk, 500, "Function VM template does not have associated DISK"},
    Row{Code::create_refused, 0, "Failed to create Serverless Runtime Service", upstream},
    Row{Code::service_failed, 500, "Serverless Runtime Service {} entered FAILED state after creation"},
    Row{Code::vms_not_created, 504, "OpenNebula did not create VMs for the Serverless Runtime Service {}"},
    Row{Code::service_unreadable, 0, "Failed to read Serverless Runtime Service {}", denied_or_gone},
    Row{Code::vm_unreadable, 0, "Failed to read Serverless Runtime Function VM", denied_or_gone},
    Row{Code::document_not_created, 0, "Failed to create Serverless Runtime Document", denied},
    Row{Code::not_found, 404, "Serverless Runtime not found"},
    Row{Code::document_unreadable, 0, "Failed to read Serverless Runtime Document", denied},
    Row{Code::document_not_updated, 0, "Failed to update Serverless Runtime {}", denied_or_gone},
    Row{Code::rename_refused, 0, "Failed to rename Serverless Runtime", forbidden_only},
    Row{Code::function_vm_unreadable, 0, "Failed to read Serverless Runtime Function VM {}", forbidden_only},
    Row{Code::transient_state, 423, "Cannot update Serverless Runtime Function VM {} on a transient state"},
    Row{Code::error_state, 500,
        "Cannot update Serverless Runtime Function VM {} on an error state. A recovery was attempted"},
    Row{Code::capacity_refused, 0, "Failed to resize Serverless Runtime Function VM capacity", forbidden_only},
    Row{Code::disk_refused, 0, "Failed to resize Serverless Runtime Function VM disk", forbidden_only},
    Row{Code::stuck_updating, 500, "Serverless Runtime Function VM {} stuck while updating capabilities"},
    Row{Code::unexpected_state, 500, "Serverless Runtime Function VM {} entered unexpected state"},
    Row{Code::vm_not_updated, 0, "Failed to update Serverless Runtime Function VM {}", forbidden_only},
    Row{Code::service_not_deleted, 500, "Failed to delete Serverless Runtime Service {}"},
    Row{Code::document_not_deleted, 0, "Failed to delete Serverless Runtime Document", forbidden_only},
    Row{Code::idempotency_key_reused, 422, "Idempotency-Key was used for another request"},
    Row{Code::invalid_header, 400, "Invalid header {}"},
    Row{Code::invalid_query, 400, "Invalid query"},
    Row{Code::too_large, 413, "Request body too large"},
    Row{Code::too_busy, 429, "Too many requests"},
    Row{Code::route_unknown, 404, "Not found"},
    Row{Code::method_unknown, 405, "Method not allowed"},
    Row{Code::internal, 500, "Internal error"},
};

const Row& row_of(Code code) {
  const auto* found = std::ranges::find(catalogue, code, &Row::code);
  return found == catalogue.end() ? catalogue.back() : *found;
}

int status_of_kind(Kind kind) {
  switch (kind) {
    case Kind::invalid:
      return 400;
    case Kind::unauthorized:
      return 401;
    case Kind::forbidden:
      return 403;
    case Kind::not_found:
      return 404;
    case Kind::over_quota:
    case Kind::conflict:
      return 422;
    case Kind::timeout:
      return 504;
    case Kind::busy:
    case Kind::unavailable:
    case Kind::internal:
      return 500;
  }
  return 500;
}

/// What the contract lets out per route; 413 and 429 are ours, before anything of the contract happens.
bool may_leave(int status, RouteKind route) {
  if (status == 413 || status == 429 || status == 405 || route == RouteKind::other) return true;
  const auto one_of = [status](std::initializer_list<int> allowed) {
    return std::ranges::find(allowed, status) != allowed.end();
  };
  switch (route) {
    case RouteKind::create:
      return one_of({400, 401, 403, 422, 504});
    case RouteKind::read:
      return one_of({400, 401, 403, 404});
    case RouteKind::update:
      return one_of({400, 401, 403, 404, 423, 504});
    case RouteKind::remove:
      return one_of({401, 403, 404, 423});
    case RouteKind::other:
      return true;
  }
  return true;
}

/// Whole seconds, rounded up: who comes too early is sent away again.
std::string seconds_to_wait(const Refusal& refusal) {
  const std::string_view text = refusal.cause ? refusal.cause->detail("retry_after_ms") : std::string_view{};
  std::int64_t ms = 0;
  std::from_chars(text.data(), text.data() + text.size(), ms);
  return std::to_string(std::max<std::int64_t>(1, (ms + 999) / 1000));
}

/// The sentences of these kinds speak of our insides: databases, bugs, other machines.
bool speaks_of_insides(Kind kind) {
  return kind == Kind::internal || kind == Kind::unavailable;
}

}  // namespace

Refusal::Refusal(Code c, Error error, std::string about)
    : code(c),
      subject(std::move(about)),
      message(speaks_of_insides(error.kind()) ? "" : error.sentence()),
      cause(std::move(error)) {
  if (cause->kind() == Kind::busy && code != Code::transient_state) code = Code::too_busy;
}

int status_of(const Refusal& refusal, RouteKind route) {
  const Row& row = row_of(refusal.code);
  int status = row.status;
  if (status == 0) {
    status = refusal.cause ? status_of_kind(refusal.cause->kind()) : 500;
    if (std::ranges::find(row.as_is, status) == row.as_is.end()) status = 500;
  }
  return may_leave(status, route) ? status : 500;
}

std::string error_text(const Refusal& refusal) {
  const auto text = row_of(refusal.code).text;
  const auto hole = text.find("{}"sv);
  if (hole == std::string_view::npos) return std::string(text);
  std::string out(text.substr(0, hole));
  out += refusal.subject;
  out += text.substr(hole + 2);
  return out;
}

http::Response fault(const Refusal& refusal, RouteKind route, const std::string& request_id) {
  const int status = status_of(refusal, route);
  const bool hidden = refusal.cause && speaks_of_insides(refusal.cause->kind());
  json::Object body;
  body.append("error", error_text(refusal));
  body.append("message",
              hidden ? json::Value("something broke on our side; quote request " + request_id) : refusal.message);
  auto response = json_answer(status, json::write(std::move(body)));
  if (status == 429) response.headers.add("Retry-After", seconds_to_wait(refusal));
  return response;
}

http::Response json_answer(int status, std::string body) {
  auto response = http::json_response(status, std::move(body));
  response.headers.set("X-Content-Type-Options", "nosniff");
  return response;
}

http::Response RuntimeFaults::not_found(const http::Request& request) const {
  return fault(Code::route_unknown, RouteKind::other, request.id);
}

http::Response RuntimeFaults::method_not_allowed(const http::Request& request, std::string allow) const {
  auto response = fault(Code::method_unknown, RouteKind::other, request.id);
  response.headers.set("Allow", std::move(allow));
  return response;
}

http::Response RuntimeFaults::internal(const http::Request& request) const {
  return fault(Refusal(Code::internal, Error(Kind::internal, "")), RouteKind::other, request.id);
}

http::Response RuntimeFaults::too_large(const http::Request& request, std::size_t limit) const {
  return fault(Refusal(Code::too_large, {}, "send at most " + std::to_string(limit) + " bytes"), RouteKind::other,
               request.id);
}

http::Response RuntimeFaults::refused(const http::Request& request, const Error& error) const {
  return fault(Refusal(Code::document_unreadable, error), RouteKind::other, request.id);
}

http::Response RuntimeFaults::timed_out(const http::Request& request) const {
  return fault(Refusal(Code::internal, {}, "it took too long; the work may go on behind, so look before you repeat it"),
               RouteKind::other, request.id);
}

}  // namespace nephele::runtimes
