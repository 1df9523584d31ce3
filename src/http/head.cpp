// SPDX-License-Identifier: Apache-2.0
#include "http/head.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/ascii.h"

namespace nephele::http {

namespace {

constexpr bool is_alnum(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

constexpr std::array<bool, 256> table(bool (*allowed)(unsigned char)) {
  std::array<bool, 256> result{};
  for (std::size_t c = 0; c < 256; ++c) result[c] = allowed(static_cast<unsigned char>(c));
  return result;
}

constexpr auto token_chars = table([](unsigned char c) {
  return is_alnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
});
constexpr auto value_chars = table([](unsigned char c) { return c == '\t' || (c >= 0x20 && c != 0x7f); });
// Targets are ASCII (RFC 3986); a fragment never travels.
constexpr auto target_chars = table([](unsigned char c) { return c > 0x20 && c < 0x7f && c != '#'; });
// Of Host and of an absolute target's authority; no user information, which hides the real host from readers.
constexpr auto host_chars = table([](unsigned char c) {
  return is_alnum(c) || std::string_view("-._~!$&'()*+,;=%:[]").find(static_cast<char>(c)) != std::string_view::npos;
});

bool all_of(std::string_view text, const std::array<bool, 256>& allowed) noexcept {
  return std::ranges::all_of(text, [&](char c) { return allowed[static_cast<unsigned char>(c)]; });
}

std::unexpected<Refusal> refuse(std::string_view message) {
  return std::unexpected(Refusal{.message = message});
}

constexpr Verb verb_of(std::string_view method) {
  if (method == "GET") return Verb::get;
  if (method == "POST") return Verb::post;
  if (method == "PUT") return Verb::put;
  if (method == "DELETE") return Verb::del;
  if (method == "HEAD") return Verb::head;
  if (method == "PATCH") return Verb::patch;
  if (method == "OPTIONS") return Verb::options;
  return Verb::other;
}

/// The path and query of a target in one of the forms that an origin server meets; nothing for the others.
std::optional<std::string_view> origin_form(Verb verb, std::string_view target) {
  if (target.front() == '/') return target;
  if (target == "*" && verb == Verb::options) return target;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.size() <= scheme.size() || !same_name(target.substr(0, scheme.size()), scheme)) continue;
    const auto rest = target.substr(scheme.size());
    const auto end = rest.find_first_of("/?");
    const auto authority = rest.substr(0, end);
    if (authority.empty() || !all_of(authority, host_chars)) return std::nullopt;
    if (end == std::string_view::npos) return "/";
    if (rest[end] == '?') return std::nullopt;  // legal, sent by nobody, and read differently by proxies
    return rest.substr(end);
  }
  return std::nullopt;
}

/// Collects what the fields say together and refuses what contradicts itself.
class Framing {
 public:
  explicit Framing(bool http10) { facts_.http10 = http10; }

  std::expected<void, Refusal> field(std::string_view name, std::string_view value) {
    if (same_name(name, "host")) return host(value);
    if (same_name(name, "content-length")) return content_length(value);
    if (same_name(name, "transfer-encoding")) return transfer_encoding(value);
    if (same_name(name, "connection")) return connection(value);
    if (same_name(name, "expect")) return expect(value);
    return {};
  }

  std::expected<HeadFacts, Refusal> finish(Request& into) const {
    if (facts_.chunked && length_) return refuse("send either Content-Length or Transfer-Encoding, not both");
    if (!facts_.http10 && !host_) return refuse("HTTP/1.1 needs a Host field");
    into.content_length = length_;
    HeadFacts facts = facts_;
    facts.keep_alive = !close_ && (!facts.http10 || keep_alive_);
    return facts;
  }

 private:
  std::expected<void, Refusal> host(std::string_view value) {
    if (host_) return refuse("send one Host field");
    if (!all_of(value, host_chars)) return refuse("the Host field is malformed");
    host_ = true;
    return {};
  }

  std::expected<void, Refusal> content_length(std::string_view value) {
    if (length_) return refuse("send one Content-Length field");
    std::uint64_t number = 0;
    constexpr std::size_t digits_max = 18;  // below 2^63, so that sums of it do not overflow either
    const auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (value.empty() || value.size() > digits_max || ec != std::errc{} || end != value.data() + value.size())
      return refuse("Content-Length must be a decimal number of bytes");
    length_ = number;
    return {};
  }

  std::expected<void, Refusal> transfer_encoding(std::string_view value) {
    if (facts_.http10) return refuse("HTTP/1.0 knows no Transfer-Encoding");
    if (facts_.chunked || !same_name(value, "chunked"))
      return refuse("the only Transfer-Encoding understood is chunked");
    facts_.chunked = true;
    return {};
  }

  std::expected<void, Refusal> connection(std::string_view value) {
    while (!value.empty()) {
      const auto comma = value.find(',');
      const auto option = ascii::trimmed(value.substr(0, comma));
      value = comma == std::string_view::npos ? std::string_view{} : value.substr(comma + 1);
      if (same_name(option, "close")) close_ = true;
      if (same_name(option, "keep-alive")) keep_alive_ = true;
    }
    return {};
  }

  std::expected<void, Refusal> expect(std::string_view value) {
    if (facts_.http10) return {};
    if (!same_name(value, "100-continue"))
      return std::unexpected(Refusal{417, "Expectation failed", "the only expectation understood is 100-continue"});
    facts_.expect_continue = true;
    return {};
  }

  HeadFacts facts_;
  std::optional<std::uint64_t> length_;
  bool host_ = false;
  bool close_ = false;
  bool keep_alive_ = false;
};

struct RequestLine {
  std::string_view method, target;
  bool http10 = false;
};

std::expected<RequestLine, Refusal> parse_request_line(std::string_view line) {
  constexpr std::size_t method_bytes_max = 32;
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last)
    return refuse("the request line must be METHOD TARGET HTTP/1.1");
  RequestLine parsed{.method = line.substr(0, first), .target = line.substr(first + 1, last - first - 1)};
  const auto version = line.substr(last + 1);
  if (parsed.method.size() > method_bytes_max || !is_token(parsed.method)) return refuse("the method is malformed");
  if (parsed.target.empty() || !all_of(parsed.target, target_chars)) return refuse("the request target is malformed");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return refuse("the protocol must be HTTP/1.1 or HTTP/1.0");
  parsed.http10 = version.back() == '0';
  return parsed;
}

}  // namespace

bool is_token(std::string_view text) noexcept {
  return !text.empty() && all_of(text, token_chars);
}
bool is_field_value(std::string_view text) noexcept {
  return all_of(text, value_chars);
}

HeadScanner::Found HeadScanner::scan(std::string_view input) noexcept {
  if (at_ == 0 && !input.empty() && !token_chars[static_cast<unsigned char>(input.front())]) return Found::bad;
  while (at_ < input.size()) {
    const auto end = input.find('\n', at_);
    if (end == std::string_view::npos) {
      at_ = input.size();
      break;
    }
    if (end == line_ || input[end - 1] != '\r') return Found::bad;
    at_ = end + 1;
    if (end - 1 == line_) return Found::head;
    line_ = at_;
  }
  return Found::more;
}

std::expected<HeadFacts, Refusal> parse_head(std::string_view head, const Limits& limits, Request& into) {
  const auto line_end = head.find("\r\n");
  if (line_end == std::string_view::npos) return refuse("the request line must end in CRLF");
  const auto line = parse_request_line(head.substr(0, line_end));
  if (!line) return std::unexpected(line.error());
  into.verb = verb_of(line->method);
  const auto target = origin_form(into.verb, line->target);
  if (!target) return refuse("the request target must be a path");
  into.target.assign(*target);
  const auto question = target->find('?');
  into.path.assign(target->substr(0, question));
  into.query.assign(question == std::string_view::npos ? std::string_view{} : target->substr(question + 1));

  into.headers.clear();
  Framing framing(line->http10);
  for (head.remove_prefix(line_end + 2); !head.starts_with("\r\n");) {
    const auto end = head.find("\r\n");
    const auto colon = head.find(':');
    if (end == std::string_view::npos || colon == std::string_view::npos || colon > end)
      return refuse("a header line has no colon");
    const auto name = head.substr(0, colon);
    // A blank before the colon, or at the start of a folded line, is no token character either.
    if (!is_token(name)) return refuse("a header field's name is malformed");
    const auto value = ascii::trimmed(head.substr(colon + 1, end - colon - 1));
    if (!is_field_value(value)) return refuse("a header field's value holds a control character");
    if (into.headers.size() >= limits.header_fields)
      return std::unexpected(Refusal{431, "Request header fields too large", "send fewer header fields"});
    if (auto known = framing.field(name, value); !known) return std::unexpected(known.error());
    into.headers.add(std::string(name), std::string(value));
    head.remove_prefix(end + 2);
  }
  return framing.finish(into);
}

}  // namespace nephele::http
