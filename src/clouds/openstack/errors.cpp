// SPDX-License-Identifier: Apache-2.0
#include "clouds/openstack/errors.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/ascii.h"
#include "base/json.h"
#include "base/redacted.h"
#include "base/visible.h"
#include "http/failure.h"

namespace nephele::openstack {

namespace {

constexpr std::size_t text_bytes_max = 1'000;

Error error(Kind kind, std::string_view service, std::string_view call, std::string_view cause, std::string text,
            const std::string& sentence) {
  return Error(kind, "the cloud's " + std::string(service) + " service " + sentence)
      .with("service", std::string(service))
      .with("call", std::string(call))
      .with("cause", std::string(cause))
      .with("text", std::move(text));
}

std::string shortened(std::string text) {
  if (text.size() <= text_bytes_max) return text;
  auto end = text_bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;  // not inside a character
  text.resize(end);
  return text + "...";
}

/// A page without its tags and with single blanks: Glance writes its errors so.
std::string words_of_page(std::string_view page) {
  std::string out;
  bool in_tag = false;
  for (const char c : page) {
    if (c == '<') in_tag = true;
    const bool blank = in_tag || ascii::spaces.contains(c);
    if (c == '>') in_tag = false;
    if (!blank)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  return std::string(ascii::trimmed(out));
}

/// Nova, Cinder, Keystone: {"outer":{"message"}}; Neutron the same; a proxy of the API: {"message"} or {"error":"..."}.
std::string words_of_tree(const json::Value& tree) {
  const auto* const outer = tree.if_object();
  if (outer == nullptr) return {};
  for (const auto& [name, inner] : *outer) {
    if (const auto text = inner.text_at({"message"}); !text.empty()) return std::string(text);
    if ((name == "message" || name == "error") && inner.if_string() != nullptr) return *inner.if_string();
  }
  return {};
}

std::string words_of(const Refusal& refusal) {
  const auto begin = ascii::trimmed_left(refusal.body, ascii::spaces);
  if (begin.starts_with('<')) return refusal.status < 500 ? words_of_page(begin) : std::string();
  if (begin.starts_with('{')) {
    if (const auto tree = json::parse(refusal.body)) return words_of_tree(*tree);
    return {};
  }
  return refusal.content_type.starts_with("text/plain") ? std::string(begin) : std::string();
}

/// Of Retry-After. What is longer than a day is a day: it is added to the clock later, which ends in the year 2262.
std::optional<std::int64_t> seconds_in(std::string_view text) {
  constexpr std::int64_t day = 86'400;
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{} || end != text.data() + text.size() || number < 0) return std::nullopt;
  return std::min(number, day);
}

struct Meaning {
  Kind kind;
  std::string_view cause;
};

Meaning meaning_of(int status, std::string_view text, bool says_when) {
  const bool speaks_of_quota = ascii::lowered(text).contains("quota");
  switch (status) {
    case 401:
      return {Kind::unauthorized, "refused"};
    case 403:
      return speaks_of_quota ? Meaning{Kind::over_quota, "quota"} : Meaning{Kind::forbidden, "refused"};
    case 404:
    case 410:
      return {Kind::not_found, "refused"};
    case 408:
    case 504:
      return {Kind::timeout, "http"};
    case 409:
      return speaks_of_quota ? Meaning{Kind::over_quota, "quota"} : Meaning{Kind::conflict, "refused"};
    case 413:
      return says_when ? Meaning{Kind::busy, "rate_limit"} : Meaning{Kind::over_quota, "quota"};
    case 429:
      return {Kind::busy, "rate_limit"};
    default:
      if (status >= 500) return {Kind::unavailable, "server"};
      if (status >= 400) return {Kind::invalid, "refused"};
      return {Kind::unavailable, "http"};
  }
}

}  // namespace

Error refused(std::string_view service, std::string_view call, const Refusal& refusal,
              const std::vector<std::string>& hidden) {
  auto text = shortened(visible(redacted(words_of(refusal), hidden)));
  const auto wait = seconds_in(ascii::trimmed(refusal.retry_after));
  const auto [kind, cause] = meaning_of(refusal.status, text, wait.has_value());
  Error out = error(kind, service, call, cause, text,
                    "answered " + std::string(call) + " with status " + std::to_string(refusal.status) +
                        (text.empty() ? "" : ": " + text))
                  .with("http_status", std::to_string(refusal.status));
  if (wait) out.with("retry_after", std::to_string(*wait));
  if (!refusal.request_id.empty()) out.with("request_id", visible(refusal.request_id.substr(0, 80)));
  return out;
}

Error unreadable(std::string_view service, std::string_view call, std::string_view why) {
  return error(Kind::unavailable, service, call, "garbage", "",
               "gave an answer to " + std::string(call) + " that cannot be read (" + std::string(why) +
                   "); check its address in the catalog, and the proxy before it if there is one");
}

Error partial(std::string_view service, std::string_view call, std::string_view why) {
  return error(Kind::unavailable, service, call, "partial", "",
               "did not give the whole list for " + std::string(call) + ": " + std::string(why) + "; try again");
}

Error not_answered(std::string_view service, std::string_view call, const Error& failure) {
  const auto [cause, kind] = http::failure_of(failure);
  return error(kind, service, call, cause, "", "did not answer " + std::string(call) + ": " + failure.sentence());
}

std::optional<std::chrono::seconds> retry_after(const Error& error) {
  const auto number = seconds_in(error.detail("retry_after"));
  if (error.detail("retry_after").empty() || !number) return std::nullopt;
  return std::chrono::seconds(*number);
}

bool may_have_happened(const Error& error) {
  static constexpr std::array unclear{"lost", "timeout", "too_long", "garbage", "server", "http"};
  return std::ranges::find(unclear, error.detail("cause")) != unclear.end();
}

bool is_quota(const Error& error) {
  return error.detail("cause") == "quota";
}

}  // namespace nephele::openstack
