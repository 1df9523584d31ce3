// SPDX-License-Identifier: Apache-2.0
#include "base/redacted.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

namespace nephele {

namespace {

constexpr std::string_view mark = "***";

bool is_key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/' ||
         c == '=' || c == '-' || c == '_';
}

std::string without_long_words(std::string_view text) {
  constexpr std::size_t word_max = 40;
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto begin = at;
    while (at < text.size() && is_key_character(text[at])) ++at;
    out += at - begin > word_max ? mark : text.substr(begin, at - begin);
    if (at < text.size()) out += text[at++];
  }
  return out;
}

/// How the signs of a URL are written: as they are, or percent-encoded.
struct Signs {
  std::string_view begin, colon, slash, at, equals;
  std::array<std::string_view, 4> dividers;  ///< of what stands behind the path
};
constexpr std::array spellings{Signs{"://", ":", "/", "@", "=", {"?", "#", "&", ";"}},
                               Signs{"%3A%2F%2F", "%3A", "%2F", "%40", "%3D", {"%3F", "%23", "%26", "%3B"}}};

/// Up to a blank or a quote (an apostrophe only where one stands before it); what ends a sentence or stands before its
/// next part is not of it.
std::string_view url_at(std::string_view text, bool in_apostrophes) {
  text = text.substr(0, text.find_first_of(in_apostrophes ? " \t\r\n\"<>`'" : " \t\r\n\"<>`"));
  constexpr std::string_view of_sentences = ".,:;!)]}";
  while (!text.empty() && of_sentences.contains(text.back())) text.remove_suffix(1);
  return text;
}

/// Where the first divider is, and how long it is; npos: there is none.
std::pair<std::size_t, std::size_t> next_divider(std::string_view text, const Signs& signs) {
  for (std::size_t at = 0; at < text.size(); ++at)  // once over all of it, however many there are
    for (const auto sign : signs.dividers)
      if (text.substr(at).starts_with(sign)) return {at, sign.size()};
  return {std::string_view::npos, 0};
}

/// The path, and of what stands behind it the names.
std::string names_alone(std::string_view url, const Signs& signs) {
  auto [end, length] = next_divider(url, signs);
  std::string out(url.substr(0, end));
  while (end != std::string_view::npos) {
    out += url.substr(end, length);
    url.remove_prefix(end + length);
    std::tie(end, length) = next_divider(url, signs);
    const auto part = url.substr(0, end);
    if (const auto equals = part.find(signs.equals); equals != std::string_view::npos)
      out.append(part.substr(0, equals)).append(signs.equals).append(mark);
    else if (!part.empty())
      out += mark;
  }
  return out;
}

/// "me:a word": no host with its port.
bool begins_with_credentials(std::string_view authority, const Signs& signs) {
  const auto colon = authority.find(signs.colon);
  if (colon == std::string_view::npos || authority.starts_with('[')) return false;
  const auto port = authority.substr(colon + signs.colon.size());
  return port.find_first_not_of("0123456789") != std::string_view::npos;
}

/// Of what stands behind "://".
std::string without_secrets(std::string_view url, const Signs& signs) {
  const auto authority = url.substr(0, std::min(next_divider(url, signs).first, url.find(signs.slash)));
  auto at = authority.rfind(signs.at);
  // In a password that nobody has encoded.
  if (at == std::string_view::npos && begins_with_credentials(authority, signs)) at = url.rfind(signs.at);
  if (at == std::string_view::npos) return names_alone(url, signs);
  return std::string(mark) + names_alone(url.substr(at), signs);
}

}  // namespace

std::string without_query_values(std::string_view target) {
  return names_alone(target, spellings.front());
}

std::string without_url_secrets(std::string_view text) {
  std::string out;
  for (;;) {
    const Signs* signs = nullptr;
    std::size_t begin = std::string_view::npos;
    for (const auto& one : spellings)
      if (const auto at = text.find(one.begin); at < begin) {
        begin = at;
        signs = &one;
      }
    if (signs == nullptr) break;
    const auto before = text.substr(0, begin);
    const auto scheme = before.find_last_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");
    const bool in_apostrophes = scheme != std::string_view::npos && before[scheme] == '\'';
    begin += signs->begin.size();
    const auto url = url_at(text.substr(begin), in_apostrophes);
    out.append(text.substr(0, begin)).append(without_secrets(url, *signs));
    text.remove_prefix(begin + url.size());
  }
  return out.append(text);
}

std::string redacted(std::string text, const std::vector<std::string>& secrets) {
  for (const auto& secret : secrets) {
    if (secret.empty()) continue;
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + mark.size()))
      text.replace(at, secret.size(), mark);
  }
  return without_long_words(text);
}

}  // namespace nephele
