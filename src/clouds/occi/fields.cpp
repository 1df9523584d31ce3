// SPDX-License-Identifier: Apache-2.0
#include "clouds/occi/fields.h"

#include <array>

#include "base/ascii.h"

namespace nephele::occi {

namespace {

/// Without its quotes, and what a backslash protects as it is.
std::string unquoted(std::string_view text) {
  text = ascii::trimmed(text, ascii::spaces);
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
  text = text.substr(1, text.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    out += text[i];
  }
  return out;
}

bool is_open(std::string_view text) {
  bool in_quotes = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (in_quotes && text[i] == '\\')
      ++i;
    else if (text[i] == '"')
      in_quotes = !in_quotes;
  }
  return in_quotes;
}

std::string field_name(std::string_view written) {
  static constexpr std::array<std::string_view, 4> known{"Category", "X-OCCI-Attribute", "X-OCCI-Location", "Link"};
  for (const auto name : known)
    if (http::same_name(name, written)) return std::string(name);
  return {};
}

Result<> add_values(std::string_view name, std::string_view content, Fields& into) {
  if (is_open(content)) return fail(Kind::invalid, "a quote of its " + std::string(name) + " has no end");
  bool any = false;
  for (auto& value : split(content, ',')) {
    if (value.empty()) continue;
    into.emplace_back(name, std::move(value));
    any = true;
  }
  return any ? Result<>{} : fail(Kind::invalid, "its " + std::string(name) + " is empty");
}

}  // namespace

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> out;
  std::string part;
  bool in_quotes = false, in_brackets = false;
  const auto end = [&] {
    out.emplace_back(ascii::trimmed(part, ascii::spaces));
    part.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_quotes && c == '\\' && i + 1 < text.size()) {
      part += c;
      part += text[++i];
      continue;
    }
    if (c == '"' && !in_brackets) in_quotes = !in_quotes;
    if (c == '<' && !in_quotes) in_brackets = true;
    if (c == '>' && !in_quotes) in_brackets = false;
    if (c == separator && !in_quotes && !in_brackets)
      end();
    else
      part += c;
  }
  end();
  return out;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  for (auto& word : split(text, ' '))
    if (!word.empty()) out.push_back(std::move(word));
  return out;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::optional<std::pair<std::string, std::string>> assignment(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  const auto name = ascii::trimmed(text.substr(0, equals), ascii::spaces);
  if (name.empty()) return std::nullopt;
  return std::pair(std::string(name), unquoted(text.substr(equals + 1)));
}

bool is_type(const rest::Answer& answer, std::string_view type) {
  const auto told = ascii::lowered(answer.headers.find("Content-Type").value_or(""));
  return ascii::trimmed(std::string_view(told).substr(0, told.find(';'))) == type;
}

Result<Fields> fields_of_text(std::string_view body) {
  Fields out;
  bool any = false;
  while (!body.empty()) {
    const auto end = body.find('\n');
    const auto line = ascii::trimmed(body.substr(0, end), ascii::spaces);
    body = end == std::string_view::npos ? std::string_view() : body.substr(end + 1);
    if (line.empty()) continue;
    any = true;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return fail(Kind::invalid, "one of its lines has no colon");
    const auto name = field_name(ascii::trimmed(line.substr(0, colon), ascii::spaces));
    if (!name.empty()) TRY_VOID(add_values(name, line.substr(colon + 1), out));
  }
  // The page of a proxy, say: no list of nothing.
  if (any && out.empty()) return fail(Kind::invalid, "none of its lines is a field of OCCI");
  return out;
}

Result<Fields> fields_of(const rest::Answer& answer) {
  if (is_type(answer, "text/plain")) return fields_of_text(answer.body);
  Fields out;
  if (is_type(answer, "text/occi")) {
    for (const auto& [written, content] : answer.headers)
      if (const auto name = field_name(written); !name.empty()) TRY_VOID(add_values(name, content, out));
    return out;
  }
  if (!is_type(answer, "text/uri-list")) return fail(Kind::invalid, "its content type is none of OCCI's");
  for (const auto& line : split(answer.body, '\n'))
    if (!line.empty() && !line.starts_with('#')) out.emplace_back("X-OCCI-Location", line);
  return out;
}

}  // namespace nephele::occi
