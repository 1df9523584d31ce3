// SPDX-License-Identifier: Apache-2.0
#include "clouds/opennebula/call_log.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/secret.h"

namespace nephele::opennebula {

namespace {

constexpr std::string_view hidden = "***";

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool speaks_of_a_secret(std::string_view name) {
  const std::string lower = ascii::lowered(name);
  constexpr std::array words{"auth", "passw", "secret", "token", "key", "credential", "passphrase"};
  return std::ranges::any_of(words, [&lower](const char* word) { return lower.contains(word); });
}

std::size_t backslashes_before(std::string_view text, std::size_t at) {
  std::size_t count = 0;
  while (count < at && text[at - count - 1] == '\\') ++count;
  return count;
}

std::size_t skip(std::string_view text, std::size_t at, std::string_view which) {
  while (at < text.size() && which.contains(text[at])) ++at;
  return at;
}

struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// The end of a quoted value: the quote with no more backslashes before it than the opening one. One level of quoting
/// doubles the backslashes, so an escaped quote inside always has more.
std::size_t closing_quote(std::string_view text, std::size_t opening) {
  const auto level = backslashes_before(text, opening);
  for (auto at = text.find('"', opening + 1); at != std::string_view::npos; at = text.find('"', at + 1))
    if (backslashes_before(text, at) <= level) return at - std::min(level, backslashes_before(text, at));
  return text.size();
}

/// Where the value of the name that ends at `at` stands; nothing when none follows.
std::optional<Span> value_after(std::string_view text, std::size_t at) {
  constexpr std::string_view cdata = "<![CDATA[";
  constexpr std::string_view escaped_cdata = "&lt;![CDATA[";
  auto next = skip(text, at, "\\\"' \t");  // the quote that ends a name of JSON
  if (next == text.size() || !std::string_view("=:>&").contains(text[next])) return std::nullopt;
  next = text.substr(next).starts_with("&gt;") ? next + 4 : skip(text, next, "=:>");
  next = skip(text, next, " \t");
  const auto rest = text.substr(next);
  for (const auto& [open, close] : {std::pair{cdata, std::string_view("]]>")}, {escaped_cdata, "]]&gt;"}})
    if (rest.starts_with(open)) {
      const auto begin = next + open.size();
      return Span{begin, std::min(text.find(close, begin), text.size())};
    }
  const auto quote = skip(text, next, "\\");
  if (quote < text.size() && text[quote] == '"') return Span{quote + 1, closing_quote(text, quote)};
  return Span{next, std::min(text.find_first_of(" \t\n,]}<&\"\\", next), text.size())};
}

void replace_all(std::string& text, std::string_view what) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + hidden.size()))
    text.replace(at, what.size(), hidden);
}

}  // namespace

std::string without_secrets(std::string_view text, const Session& session) {
  std::string out;
  out.reserve(text.size());
  std::size_t at = 0;
  while (at < text.size()) {
    if (!is_word(text[at])) {
      out += text[at++];
      continue;
    }
    const auto begin = at;
    while (at < text.size() && is_word(text[at])) ++at;
    const auto word = text.substr(begin, at - begin);
    out += word;
    if (!speaks_of_a_secret(word)) continue;
    const auto value = value_after(text, at);
    if (!value || value->begin >= value->end) continue;
    out += text.substr(at, value->begin - at);
    out += hidden;
    at = value->end;
  }
  return without_credentials(std::move(out), session);
}

std::string without_credentials(std::string text, const Session& session) {
  if (session.password.empty()) return text;
  const auto credentials = session.user + ":" + session.password.reveal();
  replace_all(text, credentials);
  replace_all(text, to_base64(credentials));
  return text;
}

CallNote::CallNote(CallLog* log, std::string_view system, std::string_view call, std::optional<std::int64_t> object,
                   const Session& session)
    : log_(log), system_(system), call_(call), object_(object), session_(session) {}

CallNote::~CallNote() {
  if (log_ == nullptr) return;
  const Error gave_up(Kind::timeout, "nobody waits for the answer any more");
  ended(&gave_up);
}

void CallNote::sent(std::string_view text) {
  if (wants_text()) sent_ = without_secrets(text, session_);
}

void CallNote::received(std::string_view text) {
  if (wants_text()) received_ = without_secrets(text, session_);
}

void CallNote::ended(const Error* error) noexcept {
  CallLog* const log = std::exchange(log_, nullptr);
  if (log == nullptr) return;
  const auto took = std::chrono::steady_clock::now() - begin_;
  log->ended({.system = system_,
              .call = call_,
              .object = object_,
              .user = session_.user,
              .took = std::chrono::duration_cast<std::chrono::milliseconds>(took),
              .error = error,
              .sent = sent_,
              .received = received_});
}

}  // namespace nephele::opennebula
