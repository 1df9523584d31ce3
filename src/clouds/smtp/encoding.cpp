// SPDX-License-Identifier: Apache-2.0
#include "clouds/smtp/encoding.h"

#include <algorithm>

#include "base/secret.h"
#include "base/utf8.h"

namespace nephele::smtp {

namespace {

constexpr std::size_t line_max = 76;
constexpr std::size_t plain_header_max = 66;  // with "Subject: " before it still a line of 76
constexpr std::size_t word_bytes_max = 45;    // "=?UTF-8?B?" + 60 + "?=": 72 of the 75 that RFC 2047 allows

bool is_plain(std::string_view text) {
  return text.size() <= plain_header_max && !text.starts_with(' ') && !text.ends_with(' ') && !text.contains("=?") &&
         std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
}

/// Each word holds whole characters: a reader may decode them one by one.
std::string encoded_words(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t bytes = 0;
    while (bytes < text.size()) {
      const auto next = std::max<std::size_t>(1, utf8_sequence(text.substr(bytes)));
      if (bytes + next > word_bytes_max) break;
      bytes += next;
    }
    if (!out.empty()) out += "\r\n ";
    out += "=?UTF-8?B?" + to_base64(text.substr(0, bytes)) + "?=";
    text.remove_prefix(bytes);
  }
  return out;
}

void append_hex(std::string& to, char c) {
  constexpr std::string_view digits = "0123456789ABCDEF";  // RFC 2045 wants upper case
  const auto value = static_cast<unsigned char>(c);
  to += {'=', digits[value >> 4U], digits[value & 15U]};
}

/// One line without its end. A soft break stands before the character that would not fit.
void append_quoted_line(std::string& to, std::string_view line) {
  std::size_t column = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool last = i + 1 == line.size();
    const bool literal = (c > 0x20 && c < 0x7F && c != '=') || ((c == ' ' || c == '\t') && !last);
    const std::size_t width = literal ? 1 : 3;
    if (column + width > (last ? line_max : line_max - 1)) {
      to += "=\r\n";
      column = 0;
    }
    if (literal) {
      to += c;
    } else {
      append_hex(to, c);
    }
    column += width;
  }
}

}  // namespace

std::string header_text(std::string_view text) {
  return is_plain(text) ? std::string(text) : encoded_words(text);
}

std::string header_phrase(std::string_view text) {
  if (!is_plain(text)) return encoded_words(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

std::string with_crlf(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 32 + 2);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    if (text[i] == '\r' || text[i] == '\n') {
      out += "\r\n";
    } else {
      out += text[i];
    }
  }
  if (!out.empty() && !out.ends_with("\r\n")) out += "\r\n";
  return out;
}

bool is_short_ascii(std::string_view crlf_text) noexcept {
  std::size_t column = 0;
  for (const char c : crlf_text) {
    if (c == '\n') {
      column = 0;
      continue;
    }
    if (c == '\r') continue;
    if (c != '\t' && (c < 0x20 || c == 0x7F)) return false;  // a char is signed here: bytes beyond ASCII too
    if (++column > 78) return false;
  }
  return true;
}

std::string quoted_printable(std::string_view crlf_text) {
  std::string out;
  while (!crlf_text.empty()) {
    const auto end = crlf_text.find("\r\n");
    append_quoted_line(out, crlf_text.substr(0, end));
    if (end == std::string_view::npos) break;
    out += "\r\n";
    crlf_text.remove_prefix(end + 2);
  }
  return out;
}

std::string base64_lines(std::string_view bytes) {
  const std::string all = to_base64(bytes);
  std::string out;
  for (std::size_t at = 0; at < all.size(); at += line_max) out += all.substr(at, line_max) + "\r\n";
  return out;
}

}  // namespace nephele::smtp
