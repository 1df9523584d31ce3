// SPDX-License-Identifier: Apache-2.0
#include "base/settings/python_scanner.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/utf8.h"

namespace nephele::settings {

namespace {

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
bool is_name_start(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_name_part(char c) noexcept {
  return is_name_start(c) || is_digit(c);
}

int hex_digit(char c) noexcept {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// One kind of line end, and no mark at the beginning.
std::string normal_lines(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r') {
      out += text[i];
    } else if (i + 1 >= text.size() || text[i + 1] != '\n') {
      out += '\n';
    }
  }
  return out;
}

void append_utf8(char32_t point, std::string& out) {
  const auto put = [&out](char32_t byte) { out += static_cast<char>(byte); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0U | (point >> 6U));
    put(0x80U | (point & 0x3FU));
  } else if (point < 0x10000) {
    put(0xE0U | (point >> 12U));
    put(0x80U | ((point >> 6U) & 0x3FU));
    put(0x80U | (point & 0x3FU));
  } else {
    put(0xF0U | (point >> 18U));
    put(0x80U | ((point >> 12U) & 0x3FU));
    put(0x80U | ((point >> 6U) & 0x3FU));
    put(0x80U | (point & 0x3FU));
  }
}

void append(char32_t value, bool as_byte, std::string& out) {
  if (as_byte) {
    out += static_cast<char>(value & 0xFFU);
  } else {
    append_utf8(value, out);
  }
}

/// The characters that may follow a backslash alone, and what they mean.
constexpr std::string_view simple_escapes = "\\'\"abfnrtv";
constexpr std::string_view simple_meanings = "\\'\"\a\b\f\n\r\t\v";

}  // namespace

PythonScanner::PythonScanner(std::string_view text, std::string file)
    : text_(normal_lines(text)), file_(std::move(file)) {}

void PythonScanner::step() noexcept {
  if (at_end()) return;
  if (text_[at_] == '\n') ++line_;
  ++at_;
}

bool PythonScanner::take(std::string_view wanted) noexcept {
  if (!std::string_view(text_).substr(at_).starts_with(wanted)) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) step();
  return true;
}

void PythonScanner::skip_line() noexcept {
  while (!at_line_end()) step();
}

void PythonScanner::skip_statement() noexcept {
  do {
    skip_line();
    step();
  } while (!at_end() && !at_name());
}

void PythonScanner::skip_blanks(bool inside_brackets) noexcept {
  for (;;) {
    const char c = peek();
    if (at_end()) return;
    if (c == ' ' || c == '\t' || c == '\f' || (c == '\n' && inside_brackets)) {
      step();
    } else if (c == '\\' && peek(1) == '\n') {
      step();
      step();
    } else if (c == '#') {
      skip_line();
      if (!inside_brackets) return;
    } else {
      return;
    }
  }
}

bool PythonScanner::at_name() const noexcept {
  return is_name_start(peek());
}

std::string PythonScanner::name() {
  const std::size_t begin = at_;
  while (!at_end() && is_name_part(peek())) step();
  return text_.substr(begin, at_ - begin);
}

PythonScanner::Prefix PythonScanner::prefix() const noexcept {
  Prefix found;
  for (; found.length < 2; ++found.length) {
    const char c = peek(found.length);
    if (c == 'r' || c == 'R') {
      found.raw = true;
    } else if (c == 'b' || c == 'B') {
      found.bytes = true;
    } else if (c == 'f' || c == 'F') {
      found.formatted = true;
    } else if (c != 'u' && c != 'U') {
      break;
    }
  }
  return found;
}

bool PythonScanner::at_text() const noexcept {
  const char quote = peek(prefix().length);
  return quote == '"' || quote == '\'';
}

Result<std::string> PythonScanner::text() {
  const Place begin = place();
  const Prefix how = prefix();
  if (how.formatted) return fail_at(begin, "f'...' texts are not understood; write the text itself");
  at_ += how.length;
  const char quote = peek();
  const std::string triple(3, quote);
  const bool is_triple = take(triple);
  if (!is_triple) step();
  std::string out;
  for (;;) {
    if (at_end()) return fail_at(begin, "this text has no closing quote");
    if (is_triple ? take(triple) : peek() == quote) {
      if (!is_triple) step();
      return out;
    }
    if (peek() == '\n' && !is_triple) return fail_at(begin, "this text has no closing quote on its line");
    if (peek() != '\\') {
      out += peek();
      step();
    } else if (how.raw) {
      out += '\\';
      step();
      if (at_end()) continue;
      out += peek();
      step();
    } else {
      TRY_VOID(escape(how, out));
    }
  }
}

Result<> PythonScanner::escape(const Prefix& prefix, std::string& out) {
  step();
  if (at_end()) return {};  // the caller reports the missing quote
  const char c = peek();
  if (c == '\n') {
    step();
    return {};
  }
  if (const auto simple = simple_escapes.find(c); simple != std::string_view::npos) {
    out += simple_meanings[simple];
    step();
    return {};
  }
  if (c >= '0' && c <= '7') {
    unsigned value = 0;
    for (int i = 0; i < 3 && peek() >= '0' && peek() <= '7'; ++i) {
      value = value * 8 + static_cast<unsigned>(peek() - '0');
      step();
    }
    append(value, prefix.bytes, out);
    return {};
  }
  const bool wide = !prefix.bytes && (c == 'u' || c == 'U');
  if (c == 'x' || wide) {
    step();
    return code_point(c == 'x' ? 2 : (c == 'u' ? 4 : 8), prefix.bytes, out);
  }
  if (c == 'N' && !prefix.bytes) return fail_at(place(), R"(\N{...} is not understood; write the character itself)");
  out += '\\';  // Python keeps an escape that it does not know
  return {};
}

Result<> PythonScanner::code_point(std::size_t digits, bool byte, std::string& out) {
  char32_t value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const int digit = hex_digit(peek());
    if (digit < 0) return fail_at(place(), "this escape needs " + std::to_string(digits) + " hex digits");
    value = value * 16 + static_cast<char32_t>(digit);
    step();
  }
  if (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
    return fail_at(place(), "this escape is no character; write the character itself");
  append(value, byte, out);
  return {};
}

bool PythonScanner::at_number() const noexcept {
  return is_digit(peek()) || (peek() == '.' && is_digit(peek(1)));
}

Result<Node> PythonScanner::number() {
  const Place begin = place();
  std::string digits;
  int base = 10;
  const char kind = peek() == '0' ? static_cast<char>(peek(1) | 0x20) : '\0';  // | 0x20: lower case
  if (kind == 'x' || kind == 'o' || kind == 'b') {
    base = kind == 'x' ? 16 : (kind == 'o' ? 8 : 2);
    step();
    step();
  }
  bool real = false;
  while (!at_end()) {
    const char c = peek();
    const bool exponent = base == 10 && (c == 'e' || c == 'E');
    const bool sign = (c == '+' || c == '-') && real && !digits.empty() && (digits.back() | 0x20) == 'e';
    if (!is_name_part(c) && c != '.' && !sign) break;
    real = real || exponent || c == '.';
    if (c != '_') digits += c;
    step();
  }
  const bool old_long = !real && (digits.ends_with('L') || digits.ends_with('l'));
  if (old_long) digits.pop_back();
  if (!real && base == 10 && digits.size() > 1 && digits.starts_with('0')) base = 8;  // 0644, as Python 2 writes it
  const char* const last = digits.data() + digits.size();
  if (!real) {
    std::int64_t value = 0;
    const auto [stop, ec] = std::from_chars(digits.data(), last, value, base);
    if (ec == std::errc::result_out_of_range) return fail_at(begin, "this number is too large");
    if (ec == std::errc{} && stop == last) return Node(begin, value);
  } else {
    double value = 0;
    const auto [stop, ec] = std::from_chars(digits.data(), last, value);
    if (ec == std::errc::result_out_of_range) return fail_at(begin, "this number is too large or too small");
    if (ec == std::errc{} && stop == last && std::isfinite(value)) return Node(begin, value);
  }
  return fail_at(begin, "this is no number: " + digits.substr(0, 40));
}

std::string PythonScanner::found() const {
  if (at_end()) return "the end of the file";
  if (peek() == '\n') return "the end of the line";
  const std::string_view rest = std::string_view(text_).substr(at_);
  const std::string_view line = rest.substr(0, std::min<std::size_t>(rest.find('\n'), 24));
  std::string out = "'";
  for (std::string_view left = line; !left.empty();) {
    const std::size_t length = utf8_sequence(left);
    const bool plain = length > 0 && utf8_code_point(left) >= 0x20 && left.front() != '\x7f';
    out += plain ? left.substr(0, length) : std::string_view("?");
    left.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out + "'";
}

}  // namespace nephele::settings
