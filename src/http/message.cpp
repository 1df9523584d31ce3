// SPDX-License-Identifier: Apache-2.0
#include "http/message.h"

#include <algorithm>
#include <cstring>

#include "base/ascii.h"
#include "base/utf8.h"

namespace nephele::http {

namespace {

constexpr int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  const char l = ascii::lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

/// Some libraries write Latin-1 (python-requests does): what is no UTF-8 is taken for that, as RFC 7617 leaves it open.
std::string in_utf8(std::string text) {
  if (is_utf8(text)) return text;
  std::string out;
  out.reserve(text.size() * 2);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80) out.push_back(static_cast<char>(0xC0U | (byte >> 6U)));
    out.push_back(static_cast<char>(byte < 0x80 ? byte : 0x80U | (byte & 0x3FU)));
  }
  const Secret wipes_the_text(std::move(text));
  return out;
}

/// What stands in base64 behind the scheme's blank.
std::string pair_behind(std::string_view field, std::size_t blank) {
  return in_utf8(from_base64_lenient(field.substr(blank + 1)));
}

Response typed_response(int status, const char* type, std::string body) {
  Response response;
  response.status = status;
  response.headers.add("Content-Type", type);
  response.body = std::move(body);
  return response;
}

class TextReader final : public BodyReader {
 public:
  explicit TextReader(std::string text) : text_(std::move(text)) {}
  Task<Result<std::size_t>> read(std::span<std::byte> into) override {
    const std::size_t n = std::min(into.size(), text_.size() - at_);
    if (n != 0) std::memcpy(into.data(), text_.data() + at_, n);
    at_ += n;
    co_return n;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

}  // namespace

std::string_view to_string(Verb verb) noexcept {
  switch (verb) {
    case Verb::get:
      return "GET";
    case Verb::head:
      return "HEAD";
    case Verb::post:
      return "POST";
    case Verb::put:
      return "PUT";
    case Verb::del:
      return "DELETE";
    case Verb::patch:
      return "PATCH";
    case Verb::options:
      return "OPTIONS";
    case Verb::other:
      return "OTHER";
  }
  return "OTHER";
}

bool same_name(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return x == y || ascii::lower(x) == ascii::lower(y);
         });
}

std::optional<std::string_view> Headers::find(std::string_view name) const noexcept {
  for (const auto& [key, value] : fields_)
    if (same_name(key, name)) return value;
  return std::nullopt;
}

void Headers::set(std::string name, std::string value) {
  erase(name);
  add(std::move(name), std::move(value));
}

void Headers::erase(std::string_view name) {
  std::erase_if(fields_, [&](const auto& field) { return same_name(field.first, name); });
}

Task<Result<std::string>> read_all(BodyReader& body, std::size_t bytes_max) {
  constexpr std::size_t first_block = 4096;
  std::string text;
  std::size_t used = 0;
  for (;;) {
    if (used == text.size()) {
      // One byte more than allowed shows that the body is too long, without reading the rest of it.
      const std::size_t cap = bytes_max == SIZE_MAX ? SIZE_MAX : bytes_max + 1;
      if (used >= cap)
        co_return fail(Kind::over_quota, "the body is too long; send at most " + std::to_string(bytes_max) + " bytes");
      const std::size_t size = std::min(cap, std::max(first_block, used * 2));
      text.resize_and_overwrite(size, [&](char*, std::size_t n) { return n; });
    }
    CO_TRY(const std::size_t got, co_await body.read(std::as_writable_bytes(std::span(text).subspan(used))));
    if (got == 0) break;
    used += got;
  }
  if (used > bytes_max)
    co_return fail(Kind::over_quota, "the body is too long; send at most " + std::to_string(bytes_max) + " bytes");
  text.resize(used);
  co_return text;
}

std::unique_ptr<BodyReader> text_body(std::string text) {
  return std::make_unique<TextReader>(std::move(text));
}

std::optional<std::string> Request::query_value(std::string_view name) const {
  for (std::string_view rest = query; !rest.empty();) {
    const auto end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    const auto equals = pair.find('=');
    const auto key = percent_decode(pair.substr(0, equals), true);
    if (!key || *key != name) continue;
    return percent_decode(equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1), true);
  }
  return std::nullopt;
}

std::variant<Basic, BasicProblem> basic_credentials(const Headers& headers) {
  const auto field = headers.find("Authorization");
  if (!field) return BasicProblem::absent;
  const auto blank = field->find(' ');
  if (blank == std::string_view::npos || !same_name(field->substr(0, blank), "Basic"))
    return BasicProblem::other_scheme;
  std::string pair = pair_behind(*field, blank);
  const auto colon = pair.find(':');
  if (colon == std::string::npos || pair.find('\0') != std::string::npos) return BasicProblem::malformed;
  Basic basic{.user = pair.substr(0, colon), .password = Secret(pair.substr(colon + 1))};
  const Secret wipes_the_pair(std::move(pair));
  return basic;
}

Basic malformed_credentials(const Headers& headers) {
  const auto field = headers.find("Authorization").value_or("");
  const auto blank = field.find(' ');
  std::string user = blank == std::string_view::npos ? std::string() : pair_behind(field, blank);
  if (user.contains('\0')) user.clear();
  user.resize(std::min(user.find(':'), user.size()));
  return {.user = std::move(user), .password = Secret()};
}

Response empty_response(int status) {
  Response response;
  response.status = status;
  return response;
}

Response json_response(int status, std::string body) {
  return typed_response(status, "application/json", std::move(body));
}

Response text_response(int status, std::string body) {
  return typed_response(status, "text/plain; charset=utf-8", std::move(body));
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (text.size() - i < 3) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (c == '\0') return std::nullopt;
    out.push_back(c);
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  static constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (ascii::lower(c) >= 'a' && ascii::lower(c) <= 'z') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.push_back('%');
      out.push_back(hex[byte >> 4U]);
      out.push_back(hex[byte & 15U]);
    }
  }
  return out;
}

}  // namespace nephele::http
