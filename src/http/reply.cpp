// SPDX-License-Identifier: Apache-2.0
#include "http/reply.h"

#include <array>
#include <charconv>

#include "base/json.h"
#include "http/head.h"

namespace nephele::http {

namespace {

bool belongs_to_framing(std::string_view name) {
  switch (name.size()) {
    case 4:
      return same_name(name, "date");
    case 6:
      return same_name(name, "server");
    case 10:
      return same_name(name, "connection");
    case 12:
      return same_name(name, "x-request-id");
    case 14:
      return same_name(name, "content-length");
    case 17:
      return same_name(name, "transfer-encoding");
    default:
      return false;
  }
}

}  // namespace

std::string_view reason_phrase(int status) noexcept {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 203:
      return "Non-Authoritative Information";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 300:
      return "Multiple Choices";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 423:
      return "Locked";
    case 429:
      return "Too Many Requests";
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
    case 507:
      return "Insufficient Storage";
    default:
      return "Other";
  }
}

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  out.append(text.data(), end);
}

void append_chunk_size(std::string& out, std::uint64_t bytes) {
  std::array<char, 16> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), bytes, 16).ptr;
  out.append(text.data(), end).append("\r\n");
}

void write_head(std::string& out, int status, const Headers& headers, const ReplyFraming& framing,
                std::string_view date, std::string_view request_id) {
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<std::uint64_t>(status));
  out.append(" ").append(reason_phrase(status)).append("\r\nServer: nephele\r\nDate: ").append(date);
  if (!request_id.empty()) out.append("\r\nX-Request-Id: ").append(request_id);
  out.append("\r\n");
  for (const auto& [name, value] : headers) {
    if (belongs_to_framing(name) || !is_token(name) || !is_field_value(value)) continue;
    out.append(name).append(": ").append(value).append("\r\n");
  }
  if (framing.content_length) {
    out.append("Content-Length: ");
    append_number(out, *framing.content_length);
    out.append("\r\n");
  }
  if (framing.chunked) out.append("Transfer-Encoding: chunked\r\n");
  if (framing.close) {
    out.append("Connection: close\r\n");
  } else if (framing.http10) {
    out.append("Connection: keep-alive\r\n");
  }
  out.append("\r\n");
}

std::string error_body(std::string_view error, std::string_view message) {
  json::Object body;
  body.set("error", error);
  body.set("message", message);
  return json::write(json::Value(std::move(body)));
}

}  // namespace nephele::http
