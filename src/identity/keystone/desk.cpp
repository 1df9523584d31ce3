// SPDX-License-Identifier: Apache-2.0
#include "identity/keystone/desk.h"

#include <algorithm>
#include <charconv>

namespace nephele::identity::keystone {

namespace {

struct Status {
  int code;
  std::string_view title;
};

Status status_of(Kind kind) {
  switch (kind) {
    case Kind::invalid:
      return {400, "Bad Request"};
    case Kind::unauthorized:
      return {401, "Unauthorized"};
    case Kind::forbidden:
      return {403, "Forbidden"};
    case Kind::not_found:
      return {404, "Not Found"};
    case Kind::conflict:
      return {409, "Conflict"};
    case Kind::over_quota:
      return {413, "Request Entity Too Large"};
    case Kind::busy:
      return {429, "Too Many Requests"};
    case Kind::unavailable:
    case Kind::timeout:
      return {503, "Service Unavailable"};
    case Kind::internal:
      break;
  }
  return {500, "Internal Server Error"};
}

http::Response error_answer(const Status& status, const std::string& message) {
  json::Object error;
  error.append("code", status.code);
  error.append("message", message);
  error.append("title", status.title);
  json::Object body;
  body.append("error", std::move(error));
  return answer(status.code, body);
}

/// What is our own fault shows the request's id instead of its cause.
std::string message_of(const Error& error, const Status& status, const http::Request& request, const Links& links) {
  if (status.code == 503)
    return "The service is unavailable at the moment; try again. The id of the request is " + request.id;
  if (status.code >= 500)
    return "An unexpected error prevented the server from fulfilling your request; its id is " + request.id;
  // Pages stand beside this API, below the same address.
  if (const auto page = error.detail("agree_at"); !page.empty()) {
    std::string site = links.base();
    site.resize(std::min(site.size(), site.rfind('/')));
    return error.sentence() + ": agree to the present terms of use at " + site + std::string(page);
  }
  return error.sentence();
}

/// Whole seconds, at least one.
int retry_after(const Error& error) {
  int ms = 0;
  const std::string_view text = error.detail("retry_after_ms");
  std::from_chars(text.data(), text.data() + text.size(), ms);
  return std::clamp((ms + 999) / 1000, 1, 60);
}

/// The query as it came, without its marker.
std::string query_without_marker(std::string_view query) {
  std::string out;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (!part.empty() && part != "marker" && !part.starts_with("marker=")) out.append(part).append("&");
  }
  return out;
}

void challenge(http::Response& response, const Links& links) {
  response.headers.add("WWW-Authenticate", "Keystone uri=\"" + links.v3() + "\"");
}

}  // namespace

Task<Result<Standing>> Desk::caller(const http::Request& request) const {
  const auto token = request.headers.find("X-Auth-Token");
  co_return co_await tokens.standing(Secret(std::string(token.value_or(""))));
}

http::Response answer(int status, const json::Value& body) {
  return answer(status, json::write(body));
}

http::Response answer(int status, std::string body) {
  auto response = http::json_response(status, std::move(body));
  response.headers.add("Vary", "X-Auth-Token");
  return response;
}

http::Response fault(const Error& error, const http::Request& request, const Links& links) {
  const auto status = status_of(error.kind());
  auto response = error_answer(status, message_of(error, status, request, links));
  if (status.code == 401) challenge(response, links);
  if (status.code == 429 || status.code == 503) response.headers.add("Retry-After", std::to_string(retry_after(error)));
  return response;
}

std::unexpected<Error> not_admin() {
  return fail(Kind::forbidden, "You are not authorized to perform the requested action; it needs the role admin.");
}

std::unexpected<Error> no_such(std::string_view what, std::string_view id) {
  return fail(Kind::not_found, "Could not find " + std::string(what) + ": " + std::string(id) + ".");
}

std::unexpected<Error> taken(std::string_view what, std::string_view name) {
  return fail(Kind::conflict, "Conflict occurred attempting to store " + std::string(what) +
                                  ": there is one with the name " + std::string(name) + ".");
}

Task<Result<std::string>> body_of(http::Request& request) {
  co_return co_await http::read_all(*request.body, body_bytes_max);
}

http::Response page_answer(const std::string& name, json::Array rows, const http::Request& request, const Links& links,
                           const std::string& next_marker) {
  std::string_view tail = request.path;  // raw: what follows the second segment, however that one was written
  for (int segments = 0; segments < 2; ++segments)
    tail.remove_prefix(std::min(tail.find('/', tail.find_first_not_of('/')), tail.size()));
  const std::string path = links.v3(std::string(tail));
  json::Object around;
  around.append("self", path + (request.query.empty() ? "" : "?" + request.query));
  around.append("previous", nullptr);
  around.append("next", next_marker.empty() ? json::Value()
                                            : json::Value(path + "?" + query_without_marker(request.query) +
                                                          "marker=" + http::percent_encode(next_marker)));
  json::Object body;
  body.append(name, std::move(rows));
  body.append("links", std::move(around));
  return answer(200, body);
}

http::Response KeystoneFaults::not_found(const http::Request& request) const {
  return fault(Error(Kind::not_found, "The resource could not be found."), request, links_);
}
http::Response KeystoneFaults::method_not_allowed(const http::Request&, std::string allow) const {
  auto response = error_answer({405, "Method Not Allowed"}, "The method is not allowed for this resource.");
  response.headers.add("Allow", std::move(allow));
  return response;
}
http::Response KeystoneFaults::internal(const http::Request& request) const {
  return fault(Error(Kind::internal, ""), request, links_);
}
http::Response KeystoneFaults::too_large(const http::Request& request, std::size_t) const {
  return fault(Error(Kind::over_quota, "The body of the request is too long."), request, links_);
}
http::Response KeystoneFaults::refused(const http::Request& request, const Error& error) const {
  return fault(error, request, links_);
}

}  // namespace nephele::identity::keystone
