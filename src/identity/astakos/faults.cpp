// SPDX-License-Identifier: Apache-2.0
#include "identity/astakos/faults.h"

#include <array>

#include "identity/astakos/conventions.h"

namespace nephele::identity::astakos {

namespace {

struct Row {
  FaultName name;
  int status;
  std::string_view text;
};

// In the order of FaultName, so that a name is its own index.
constexpr std::array table{
    Row{FaultName::not_modified, 304, "notModified"},
    Row{FaultName::bad_request, 400, "badRequest"},
    Row{FaultName::unauthorized, 401, "unauthorized"},
    Row{FaultName::forbidden, 403, "forbidden"},
    Row{FaultName::not_allowed, 405, "notAllowed"},
    Row{FaultName::item_not_found, 404, "itemNotFound"},
    Row{FaultName::conflict, 409, "conflict"},
    Row{FaultName::length_required, 411, "lengthRequired"},
    Row{FaultName::precondition_failed, 412, "preconditionFailed"},
    Row{FaultName::request_entity_too_large, 413, "requestEntityTooLarge"},
    Row{FaultName::over_limit, 413, "overLimit"},
    Row{FaultName::bad_media_type, 415, "badMediaType"},
    Row{FaultName::range_not_satisfiable, 416, "rangeNotSatisfiable"},
    Row{FaultName::unprocessable_entity, 422, "unprocessableEntity"},
    Row{FaultName::internal_server_error, 500, "internalServerError"},
    Row{FaultName::not_implemented, 501, "notImplemented"},
    Row{FaultName::service_unavailable, 503, "serviceUnavailable"},
};
static_assert([] {
  for (std::size_t i = 0; i < table.size(); ++i)
    if (table[i].name != static_cast<FaultName>(i)) return false;
  return table.size() == static_cast<std::size_t>(FaultName::service_unavailable) + 1;
}());

const Row& row_of(FaultName name) noexcept {
  return table[static_cast<std::size_t>(name)];
}

constexpr std::string_view unexpected_error = "Unexpected error";
constexpr std::string_view unavailable_now = "The service is unavailable; try again in a moment";

std::string xml_of(const Fault& fault) {
  const std::string name(to_string(fault.name));
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<" + name + " code=\"" + std::to_string(status_of(fault.name)) +
         "\"><message>" + xml_text(fault.message) + "</message><details></details></" + name + ">";
}

}  // namespace

int status_of(FaultName name) noexcept {
  return row_of(name).status;
}

std::string_view to_string(FaultName name) noexcept {
  return row_of(name).text;
}

Fault fault_from(const Error& error) {
  switch (error.kind()) {
    case Kind::invalid:
      return {FaultName::bad_request, error.sentence()};
    case Kind::unauthorized:
      return {FaultName::unauthorized, error.sentence()};
    case Kind::forbidden:
      return {FaultName::forbidden, error.sentence()};
    case Kind::not_found:
      return {FaultName::item_not_found, error.sentence()};
    case Kind::conflict:
      return {FaultName::conflict, error.sentence()};
    case Kind::over_quota:
      return {FaultName::over_limit, error.sentence()};
    case Kind::busy:
      return {FaultName::service_unavailable, error.sentence()};
    case Kind::unavailable:
    case Kind::timeout:
      return {FaultName::service_unavailable, std::string(unavailable_now)};
    case Kind::internal:
      break;
  }
  return {FaultName::internal_server_error, std::string(unexpected_error)};
}

Fault fault_from(const Error& error, const http::Request& request, const log::Logger& log, std::string_view event) {
  auto fault = fault_from(error);
  const log::Fields fields = {{"request", request.id}, {"reason", error.sentence()}};
  if (fault.name == FaultName::internal_server_error)
    log.error(event, fields);
  else if (status_of(fault.name) >= 500)
    log.warn(event, fields);  // who is sent away for a moment is no reason to call anybody
  return fault;
}

json::Value to_json(const Fault& fault) {
  json::Object inner;
  inner.append("code", status_of(fault.name));
  inner.append("message", fault.message);
  if (fault.data)
    inner.append("data", *fault.data);
  else
    inner.append("details", "");
  json::Object outer;
  outer.append(std::string(to_string(fault.name)), std::move(inner));
  return outer;
}

http::Response fault_answer(const Fault& fault, Format format) {
  const int status = status_of(fault.name);
  return format == Format::xml ? xml_answer(status, xml_of(fault)) : json_answer(status, json::write(to_json(fault)));
}

http::Response fault_answer(const Fault& fault, const http::Request& request) {
  return fault_answer(fault, format_of(request));
}

http::Response AstakosFaults::not_found(const http::Request& request) const {
  std::string_view path = request.path;
  if (path.starts_with(base_path_)) path.remove_prefix(base_path_.size());
  const auto below = [path](std::string_view folder) {
    return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
  };
  if (below("/account") || below("/identity"))
    return fault_answer({FaultName::bad_request, "API endpoint not found"}, request);
  return fault_answer({FaultName::item_not_found, "Not found"}, request);
}

http::Response AstakosFaults::method_not_allowed(const http::Request& request, std::string allow) const {
  auto response = fault_answer({FaultName::not_allowed, "Method not allowed"}, request);
  response.headers.set("Allow", std::move(allow));
  return response;
}

http::Response AstakosFaults::internal(const http::Request& request) const {
  return fault_answer({FaultName::internal_server_error, std::string(unexpected_error)}, request);
}

http::Response AstakosFaults::too_large(const http::Request& request, std::size_t limit) const {
  return fault_answer(body_too_large(limit), request);
}

http::Response AstakosFaults::refused(const http::Request& request, const Error& error) const {
  return fault_answer(fault_from(error), request);
}

http::Response AstakosFaults::timed_out(const http::Request& request) const {
  return fault_answer({FaultName::service_unavailable, std::string(unavailable_now)}, request);
}

}  // namespace nephele::identity::astakos
