// SPDX-License-Identifier: Apache-2.0
// Strict on purpose: whatever two readers could understand differently (two lengths, bare line feeds, folded lines,
// blanks before the colon) is refused.
#include <algorithm>

#include "http_message.h"
#include "text.h"

namespace guest {
namespace {

constexpr std::size_t chunk_line_max = 256;
constexpr std::size_t trailer_max = std::size_t{4} * 1024;

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_field_value(std::string_view text) {
  return std::ranges::all_of(text,
                             [](char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f); });
}

HeadResult refused(int status, std::string_view message) {
  HeadResult result;
  result.kind = HeadResult::Kind::refused;
  result.status = status;
  result.message = message;
  return result;
}

constexpr HeadResult::Kind fine = HeadResult::Kind::complete;

HeadResult ok() {
  HeadResult result;
  result.kind = fine;
  return result;
}

HeadResult parse_request_line(std::string_view line, Request& request) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || last == first) return refused(400, "malformed request line");
  const std::string_view method = line.substr(0, first);
  std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!is_token(method) || method.size() > 16) return refused(400, "malformed method");
  if (version.size() != 8 || !version.starts_with("HTTP/")) return refused(400, "malformed protocol version");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return refused(505, "speak HTTP/1.1");
  if (target.size() > HttpLimits::target_bytes) return refused(414, "the request target is too long");
  for (const char c : target)
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) return refused(400, "malformed request target");
  if (target.starts_with("http://")) {
    target.remove_prefix(7);
    target.remove_prefix(std::min(target.find('/'), target.size()));
    if (target.empty()) target = "/";
  }
  if (!target.starts_with('/')) return refused(400, "malformed request target");
  const std::size_t question = std::min(target.find('?'), target.size());
  const auto path = percent_decode(target.substr(0, question));
  if (!path) return refused(400, "broken percent escape in the path");
  request.method = method;
  request.path = *path;
  request.query = target.substr(std::min(question + 1, target.size()));
  request.keep_alive = version == "HTTP/1.1";
  return ok();
}

HeadResult parse_field(std::string_view line, Request& request) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
    return refused(400, "malformed header field");
  const std::string_view value = trim(line.substr(colon + 1));
  if (!is_field_value(value)) return refused(400, "malformed header field");
  if (request.fields.size() >= HttpLimits::fields) return refused(431, "too many header fields");
  request.fields.emplace_back(line.substr(0, colon), value);
  return ok();
}

std::size_t count_fields(const Request& request, std::string_view name) {
  return static_cast<std::size_t>(
      std::ranges::count_if(request.fields, [&](const auto& field) { return equal_ignoring_case(field.first, name); }));
}

HeadResult interpret_fields(Request& request, bool http11) {
  if (http11 && count_fields(request, "host") != 1) return refused(400, "exactly one Host field is needed");
  const std::size_t lengths = count_fields(request, "content-length");
  const std::size_t encodings = count_fields(request, "transfer-encoding");
  if (lengths + encodings > 1) return refused(400, "more than one body length");
  if (encodings == 1) {
    if (!http11) return refused(400, "Transfer-Encoding needs HTTP/1.1");
    if (!equal_ignoring_case(request.field("transfer-encoding"), "chunked"))
      return refused(501, "the only transfer encoding known here is chunked");
    request.chunked = true;
  }
  if (lengths == 1) {
    request.content_length = to_number(request.field("content-length"), 1ULL << 50);
    if (!request.content_length) return refused(400, "malformed Content-Length");
  }
  for (const std::string_view word : split_words(request.field("connection"))) {
    if (equal_ignoring_case(word, "close")) request.keep_alive = false;
    if (equal_ignoring_case(word, "keep-alive") && !http11) request.keep_alive = true;
  }
  if (const std::string_view expect = request.field("expect"); !expect.empty()) {
    if (!equal_ignoring_case(expect, "100-continue")) return refused(417, "unknown expectation");
    request.expects_continue = http11 && request.has_body();
  }
  return ok();
}

}  // namespace

HeadResult parse_head(std::string_view bytes, Request& request) {
  std::size_t skipped = 0;
  while (skipped < 4 && bytes.substr(skipped).starts_with("\r\n")) skipped += 2;  // RFC 9112, 2.2: empty lines before
  const std::string_view head = bytes.substr(skipped);
  const std::size_t end = head.find("\r\n\r\n");
  const std::string_view seen = head.substr(0, end);
  if (seen.size() > HttpLimits::head_bytes) {
    const bool long_line = head.find("\r\n") > HttpLimits::target_bytes + 32;
    return long_line ? refused(414, "the request line is too long") : refused(431, "the header is too long");
  }
  if (seen.find('\0') != std::string_view::npos) return refused(400, "a zero byte in the header");
  for (std::size_t at = seen.find('\n'); at != std::string_view::npos; at = seen.find('\n', at + 1))
    if (at == 0 || seen[at - 1] != '\r') return refused(400, "a line feed without a carriage return");
  if (end == std::string_view::npos) return {};

  request = Request();
  std::string_view rest = seen;
  bool first = true;
  while (first || !rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find("\r\n"));
    rest.remove_prefix(std::min(line.size() + 2, rest.size()));
    const HeadResult result = first ? parse_request_line(line, request) : parse_field(line, request);
    if (result.kind != fine) return result;
    first = false;
  }
  HeadResult result = interpret_fields(request, seen.substr(0, seen.find("\r\n")).ends_with("1.1"));
  result.consumed = skipped + end + 4;
  return result;
}

void BodyDecoder::start(const Request& request) {
  line_.clear();
  trailer_bytes_ = 0;
  left_ = request.content_length.value_or(0);
  state_ = request.chunked ? State::chunk_size : left_ > 0 ? State::length : State::done;
}

/// Moves bytes into line_ up to CRLF, which is dropped.
BodyDecoder::Line BodyDecoder::collect_line(std::string_view& bytes, std::size_t& consumed) {
  while (!bytes.empty()) {
    const char c = bytes.front();
    bytes.remove_prefix(1);
    ++consumed;
    const bool after_return = !line_.empty() && line_.back() == '\r';
    if (after_return != (c == '\n') || line_.size() >= chunk_line_max) return Line::bad;
    if (after_return) {
      line_.pop_back();
      return Line::complete;
    }
    line_ += c;
  }
  return Line::more;
}

void BodyDecoder::chunk_size() {
  std::uint64_t size = 0;
  std::size_t digits = 0;
  for (const char c : line_) {
    const int value = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (value < 0) break;
    size = size * 16 + static_cast<std::uint64_t>(value);
    ++digits;
  }
  const bool bad_end = digits < line_.size() && line_[digits] != ';';
  if (digits == 0 || digits > 12 || bad_end || !is_field_value(line_)) {
    state_ = State::broken;
    return;
  }
  left_ = size;
  state_ = size == 0 ? State::trailer : State::chunk_data;
}

std::string_view BodyDecoder::peek(std::string_view bytes, std::size_t& consumed) {
  consumed = 0;
  while (state_ != State::done && state_ != State::broken) {
    if (state_ == State::length || state_ == State::chunk_data)
      return bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size())));
    const Line line = collect_line(bytes, consumed);
    if (line == Line::more) return {};
    if (line == Line::bad)
      state_ = State::broken;
    else
      end_of_line();
    line_.clear();
  }
  return {};
}

void BodyDecoder::end_of_line() {
  if (state_ == State::chunk_size) {
    chunk_size();
  } else if (state_ == State::chunk_end) {
    state_ = line_.empty() ? State::chunk_size : State::broken;
  } else if (line_.empty()) {
    state_ = State::done;
  } else {
    trailer_bytes_ += line_.size() + 2;
    if (trailer_bytes_ > trailer_max) state_ = State::broken;
  }
}

void BodyDecoder::take(std::size_t count) {
  left_ -= count;
  if (left_ > 0) return;
  if (state_ == State::length) state_ = State::done;
  if (state_ == State::chunk_data) state_ = State::chunk_end;
}

}  // namespace guest
