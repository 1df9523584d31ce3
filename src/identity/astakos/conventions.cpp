// SPDX-License-Identifier: Apache-2.0
#include "identity/astakos/conventions.h"

#include <optional>

#include "base/ascii.h"
#include "base/utf8.h"

namespace nephele::identity::astakos {

namespace {

http::Response finished(int status, const char* type, std::string body) {
  http::Response response;
  response.status = status;
  response.headers.add("Content-Type", type);
  response.headers.add("Cache-Control", "no-cache, no-store, must-revalidate, max-age=0");
  response.headers.add("Vary", "X-Auth-Token");
  response.headers.add("X-Content-Type-Options", "nosniff");
  response.body = std::move(body);
  return response;
}

constexpr const char* json_type = "application/json; charset=UTF-8";

/// The first type of `Accept` that we speak. Weights are not weighed: nor did the original.
std::optional<Format> accepted(std::string_view accept) {
  while (!accept.empty()) {
    const auto comma = accept.find(',');
    const std::string_view item = accept.substr(0, comma);
    const std::string_view type = ascii::trimmed(item.substr(0, item.find(';')));
    if (http::same_name(type, "application/json")) return Format::json;
    if (http::same_name(type, "application/xml")) return Format::xml;
    accept = comma == std::string_view::npos ? std::string_view{} : accept.substr(comma + 1);
  }
  return std::nullopt;
}

/// XML 1.0 has no way to write most control characters, and no U+FFFE and U+FFFF.
bool xml_holds(char32_t point) {
  return point >= 0x20 ? point != 0xFFFE && point != 0xFFFF : point == '\t' || point == '\n' || point == '\r';
}

Answer<> check_type(const http::Request& request) {
  constexpr std::string_view wanted = "application/json";
  const auto type = request.headers.find("Content-Type");
  if (!type || type->empty()) return refuse(FaultName::bad_request, "Missing Content-Type header field");
  if (!http::same_name(type->substr(0, wanted.size()), wanted))
    return refuse(FaultName::bad_request, "Unsupported Content-type: '" + std::string(*type) + "'");
  return {};
}

template <class T>
Answer<T> or_fault(Result<T> found) {
  if (!found) return std::unexpected(fault_from(found.error()));
  return std::move(*found);
}

}  // namespace

Format format_of(const http::Request& request) {
  const auto asked = request.query_value("format");
  if (asked == "json") return Format::json;
  if (asked == "xml") return Format::xml;
  std::string_view path = request.path;
  if (path.ends_with('/')) path.remove_suffix(1);
  if (path.ends_with(".json")) return Format::json;
  if (path.ends_with(".xml")) return Format::xml;
  return accepted(request.headers.find("Accept").value_or("")).value_or(Format::json);
}

http::Response json_answer(int status, std::string body) {
  return finished(status, json_type, std::move(body));
}

http::Response xml_answer(int status, std::string body) {
  return finished(status, "application/xml; charset=UTF-8", std::move(body));
}

http::Response empty_answer(int status) {
  return finished(status, json_type, {});
}

Answer<Secret> token_of(const http::Request& request, TokenIn where) {
  const bool reads = request.verb == http::Verb::get || request.verb == http::Verb::head;
  if (where == TokenIn::header_or_query && reads)
    if (auto asked = request.query_value("X-Auth-Token"); asked && !asked->empty()) return Secret(std::move(*asked));
  const auto sent = request.headers.find("X-Auth-Token");
  if (!sent || sent->empty()) return refuse(FaultName::unauthorized, "Access denied. No authentication token");
  return Secret(std::string(*sent));
}

Task<Answer<CallingUser>> calling_user(const http::Request& request, Callers& callers, TokenIn where) {
  CO_TRY(auto token, token_of(request, where));
  co_return or_fault(co_await callers.user(std::move(token)));
}

Task<Answer<CallingComponent>> calling_component(const http::Request& request, Callers& callers) {
  CO_TRY(auto token, token_of(request));
  co_return or_fault(co_await callers.component(std::move(token)));
}

Task<Answer<json::Value>> json_body(http::Request& request, std::size_t bytes_max) {
  CO_TRY_VOID(check_type(request));
  const auto text = co_await http::read_all(*request.body, bytes_max);
  if (!text) {
    if (text.error().kind() == Kind::over_quota) co_return std::unexpected(body_too_large(bytes_max));
    co_return refuse(FaultName::bad_request, "Could not read the request body");  // the sender's fault, whatever broke
  }
  auto value = json::parse(*text);
  if (!value) co_return refuse(FaultName::bad_request, "Could not decode request body as JSON");
  co_return std::move(*value);
}

Task<Answer<json::Object>> json_object_body(http::Request& request, std::size_t bytes_max) {
  CO_TRY(auto value, co_await json_body(request, bytes_max));
  auto* object = value.if_object();
  if (object == nullptr) co_return refuse(FaultName::bad_request, "Request body should be a JSON object");
  co_return std::move(*object);
}

Answer<std::optional<std::size_t>> limit_in(const http::Request& request) {
  const auto limit = request.query_value("limit");
  if (!limit) return std::nullopt;
  const auto number = json::parse(*limit);
  const auto wanted = number ? number->integer() : std::nullopt;
  if (!wanted || *wanted < 1) return refuse(FaultName::bad_request, "limit is a number from 1 on");
  return static_cast<std::size_t>(*wanted);
}

Fault body_too_large(std::size_t bytes_max) {
  return {FaultName::request_entity_too_large,
          "Request body too large; send at most " + std::to_string(bytes_max) + " bytes"};
}

std::string timestamp(Time time) {
  std::string text = iso8601(time);
  text.pop_back();  // "Z", after three digits of a second
  return text + "000+00:00";
}

std::string xml_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t bytes = utf8_sequence(text);
    const std::string_view sequence = text.substr(0, bytes == 0 ? 1 : bytes);
    if (bytes == 0 || !xml_holds(utf8_code_point(text)))
      out += "\xEF\xBF\xBD";
    else if (sequence == "&")
      out += "&amp;";
    else if (sequence == "<")
      out += "&lt;";
    else if (sequence == ">")
      out += "&gt;";
    else if (sequence == "\r")
      out += "&#13;";  // bare, a parser would make a line feed of it
    else
      out += sequence;
    text.remove_prefix(sequence.size());
  }
  return out;
}

}  // namespace nephele::identity::astakos
