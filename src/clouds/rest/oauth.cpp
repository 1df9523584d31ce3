// SPDX-License-Identifier: Apache-2.0
#include "clouds/rest/oauth.h"

#include <algorithm>
#include <charconv>

#include "base/ascii.h"
#include "clouds/rest/fault.h"

namespace nephele::rest {

namespace {

constexpr std::string_view token_call = "token";

Error refused_by_code(std::string_view service, const Call& call, const Answer& answer) {
  return refused(service, call.name, answer.status, decode_fault(answer.body), call.hidden);
}

/// A token that ends while a request is under way costs that request; a short one is used for nine tenths.
std::chrono::milliseconds used_of(std::chrono::milliseconds lifetime) {
  constexpr std::chrono::milliseconds margin_max{120'000};
  return lifetime - std::min(margin_max, lifetime / 10);
}

struct Token {
  Secret text;
  std::chrono::seconds lifetime{};
};

Result<Token> decode_token(const std::string& body) {
  constexpr std::int64_t lifetime_max = 86'400;
  const auto tree = json::parse(body);
  if (!tree) return fail(tree.error());
  if (ascii::lowered(tree->text_at({"token_type"})) != "bearer")
    return fail(Kind::invalid, "its token_type is not Bearer");
  Token out{.text = Secret(std::string(tree->text_at({"access_token"})))};
  if (out.text.empty()) return fail(Kind::invalid, "it has no access_token");
  const auto seconds = text_of(*tree, "expires_in");
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(seconds.data(), seconds.data() + seconds.size(), number);
  if (failed != std::errc{} || end != seconds.data() + seconds.size() || number <= 0)
    return fail(Kind::invalid, "its expires_in is no number of seconds");
  out.lifetime = std::chrono::seconds(std::min(number, lifetime_max));
  return out;
}

}  // namespace

OAuthLink::OAuthLink(Settings settings, std::string token_url, std::unique_ptr<const Grant> grant, const Clock& clock)
    : link_(std::move(settings), refused_by_code),
      token_url_(std::move(token_url)),
      grant_(std::move(grant)),
      clock_(clock) {}

Task<Result<Secret>> OAuthLink::token(SteadyTime deadline) {
  if (!token_.empty() && std::chrono::steady_clock::now() < good_until_) co_return token_;
  const auto begin = std::chrono::steady_clock::now();
  Call call{.verb = http::Verb::post,
            .url = token_url_,
            .name = std::string(token_call),
            .repeatable = true,
            .hidden = grant_->hidden()};
  CO_TRY(call.body, grant_->form(clock_.now()));
  call.hidden.push_back(call.body);
  call.headers.set("Accept", "application/json");
  call.headers.set("Content-Type", "application/x-www-form-urlencoded");
  CO_TRY(const auto answer, co_await link_.send(std::move(call), deadline));
  auto made = decode_token(answer.body);
  if (!made) co_return fail(link_.unreadable(token_call, made.error().sentence()));
  good_until_ = begin + used_of(made->lifetime);
  token_ = std::move(made->text);
  co_return token_;
}

Task<Result<json::Object>> OAuthLink::ask(Call call, SteadyTime deadline) {
  const std::string name = call.name;
  call.headers.set("Accept", "application/json");
  if (!call.body.empty()) call.headers.set("Content-Type", "application/json");
  for (bool renewed = false;; renewed = true) {
    CO_TRY(const auto token, co_await this->token(deadline));
    Call copy = call;
    copy.headers.set("Authorization", "Bearer " + token.reveal());
    copy.hidden.push_back(token.reveal());
    const auto answer = co_await link_.send(std::move(copy), deadline);
    // A 401 says that nothing was done, so a change may be sent again too.
    if (!answer && answer.error().detail("http_status") == "401" && !renewed) {
      token_ = Secret();
      continue;
    }
    if (!answer) co_return fail(answer.error());
    if (ascii::trimmed(answer->body, ascii::spaces).empty()) co_return json::Object();
    auto tree = json::parse(answer->body);
    if (!tree) co_return fail(link_.unreadable(name, tree.error().sentence()));
    auto* const object = tree->if_object();
    if (object == nullptr) co_return fail(link_.unreadable(name, "it is no object"));
    co_return std::move(*object);
  }
}

std::string text_of(const json::Value& object, std::string_view name) {
  const auto* const members = object.if_object();
  const auto* const value = members == nullptr ? nullptr : members->find(name);
  if (value == nullptr) return {};
  if (const auto number = value->integer()) return std::to_string(*number);
  const auto* const text = value->if_string();
  return text == nullptr ? std::string() : *text;
}

std::string last_part(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

}  // namespace nephele::rest
