// SPDX-License-Identifier: Apache-2.0
#include "http_message.h"

#include <time.h>

#include <array>

#include "http/reason_phrase.h"
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

std::string response_head(const Response& response, bool keep_alive) {
  const bool bodiless = response.status == 204 || response.status == 304;
  std::string head = "HTTP/1.1 ";
  head += std::to_string(response.status);
  head += ' ';
  head += nephele::http::reason_phrase(response.status);
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
