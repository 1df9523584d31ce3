// SPDX-License-Identifier: Apache-2.0
#include "http_message.h"

#include <time.h>

#include <array>

#include "text.h"

namespace guest {

std::string_view Request::field(std::string_view name) const {
  for (const auto& [key, value] : fields)
    if (equal_ignoring_case(key, name)) return value;
  return {};
}

std::optional<std::string> Request::parameter(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (pair.substr(0, equals) == name) return percent_decode(pair.substr(std::min(equals + 1, pair.size())));
  }
  return std::nullopt;
}

Response json_response(int status, std::string body) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  response.body += '\n';
  return response;
}

Response error_response(int status, std::string_view message) {
  return json_response(status,
                       "{\"error\":{\"code\":" + std::to_string(status) + ",\"message\":" + json_quote(message) + "}}");
}

std::string_view reason_of(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    default:
      return "Status";
  }
}

std::string response_head(const Response& response, bool keep_alive) {
  const bool bodiless = response.status == 204 || response.status == 304;
  std::string head = "HTTP/1.1 ";
  head += std::to_string(response.status);
  head += ' ';
  head += reason_of(response.status);
  head += "\r\nServer: nephele-guest\r\nDate: ";
  const time_t now = ::time(nullptr);
  std::array<char, 40> date{};
  tm parts{};
  ::gmtime_r(&now, &parts);
  ::strftime(date.data(), date.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  head += date.data();
  if (!bodiless) {
    head += "\r\nContent-Type: ";
    head += response.type;
    head += "\r\nContent-Length: ";
    head += std::to_string(response.file ? response.file_length : response.body.size());
  }
  for (const auto& [name, value] : response.fields) {
    head += "\r\n";
    head += name;
    head += ": ";
    head += value;
  }
  head += keep_alive ? "\r\nConnection: keep-alive\r\n\r\n" : "\r\nConnection: close\r\n\r\n";
  return head;
}

}  // namespace guest
