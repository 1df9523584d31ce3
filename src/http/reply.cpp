// SPDX-License-Identifier: Apache-2.0
#include "http/reply.h"

#include <array>
#include <charconv>

#include "base/json.h"
#include "http/head.h"
#include "http/reason_phrase.h"

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
