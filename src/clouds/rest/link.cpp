// SPDX-License-Identifier: Apache-2.0
#include "clouds/rest/link.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <random>

#include "base/ascii.h"
#include "base/json.h"
#include "base/visible.h"
#include "clouds/rest/errors.h"
#include "http/client.h"

namespace nephele::rest {

namespace {

constexpr std::chrono::seconds longest_wait{600};

http::ClientSettings settings_of(const Settings& settings) {
  http::ClientSettings out;
  out.connect = std::min(out.connect, settings.timeout);
  out.connections_per_host = settings.connections;
  out.body_bytes_max = settings.answer_bytes_max;
  out.verify_tls = settings.verify_tls;
  out.ca_file = settings.ca_file;
  out.certificate_file = settings.certificate_file;
  return out;
}

/// "message" or "error" of an object, however deep services put them.
std::string message_in(const json::Value& value, int depth = 0) {
  constexpr int deepest = 3;
  const auto* const object = value.if_object();
  if (object == nullptr || depth > deepest) return {};
  for (const auto* const name : {"message", "error", "errors", "error_description", "description"}) {
    const auto* const member = object->find(name);
    if (member == nullptr) continue;
    if (const auto* const text = member->if_string()) return *text;
    const auto* const list = member->if_array();
    const auto& inner = list != nullptr && !list->empty() ? list->front() : *member;
    if (const auto* const text = inner.if_string()) return *text;
    if (auto found = message_in(inner, depth + 1); !found.empty()) return found;
  }
  return {};
}

/// What the service says for people; pages of proxies say nothing.
std::string words_of(const Answer& answer) {
  const auto type = answer.headers.find("Content-Type").value_or("");
  if (type.contains("json")) {
    const auto tree = json::parse(answer.body);
    return tree ? message_in(*tree) : std::string();
  }
  if (const auto said = answer.headers.find("X-OCCI-Error")) return std::string(*said);
  return type.starts_with("text/plain") ? answer.body : std::string();
}

/// In seconds only: a date would be of another clock.
std::optional<std::chrono::seconds> retry_after(const Error& error) {
  const auto text = error.detail("retry_after");
  std::int64_t seconds = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || failed != std::errc{} || end != text.data() + text.size() || seconds < 0) return std::nullopt;
  return std::min(longest_wait, std::chrono::seconds(seconds));
}

/// Between half and all of it, so that many who were refused together do not come back together.
std::chrono::milliseconds with_jitter(std::chrono::milliseconds pause) {
  static thread_local std::minstd_rand chance{std::random_device{}()};
  return pause / 2 + std::chrono::milliseconds(chance() % static_cast<unsigned>(pause.count() / 2 + 1));
}

bool is_repeatable(const Call& call) {
  return call.repeatable || call.verb == http::Verb::get || call.verb == http::Verb::head;
}

bool is_change(const Call& call) {
  return call.verb != http::Verb::get && call.verb != http::Verb::head;
}

/// What says that nothing was made, or that it is not there: not of a machine that is there all the same.
bool denies(const Error& error) {
  return !may_have_happened(error) && error.kind() != Kind::conflict && error.kind() != Kind::not_found;
}

/// What was lost of a read the HTTP client has asked for again by itself.
bool worth_repeating(const Error& error, const Call& call) {
  const auto cause = error.detail("cause");
  if (cause == "rate_limit") return true;
  if (!is_repeatable(call)) return false;
  return cause == "server" || error.detail("http_status") == "504" || (cause == "lost" && is_change(call));
}

}  // namespace

class Link::Impl {
 public:
  Impl(Settings given, Refusal meant) : settings(std::move(given)), refusal(meant), client(settings_of(settings)) {}

  const Settings settings;
  const Refusal refusal;
  http::Client client;
};

Link::Link(Settings settings, Refusal refusal) : impl_(std::make_unique<Impl>(std::move(settings), refusal)) {}
Link::~Link() = default;

const Settings& Link::settings() const noexcept {
  return impl_->settings;
}

Task<Result<Answer>> Link::ask(Call call, SteadyTime deadline) {
  http::ClientRequest request{.verb = call.verb, .url = call.url, .headers = call.headers, .body = call.body};
  request.deadline = std::min(deadline, in(impl_->settings.timeout));
  request.idempotent = is_repeatable(call);
  request.once = !is_repeatable(call);
  if (is_change(call)) request.retries_max = 0;  // send() does, and remembers what may have come of each
  auto answer = co_await impl_->client.send(std::move(request));
  if (answer)
    co_return Answer{.status = answer->status, .headers = std::move(answer->headers), .body = std::move(answer->body)};
  co_return fail(not_answered(impl_->settings.service, call.name, answer.error()));
}

Task<Result<Answer>> Link::send(Call call, SteadyTime deadline) {
  auto pause = impl_->settings.first_pause;
  std::optional<Error> unclear;  // of a change that may have been carried out when it was sent before
  for (int repeats = 0;; ++repeats) {
    auto answer = co_await ask(call, deadline);
    if (answer && answer->status >= 200 && answer->status < 300) co_return answer;
    if (answer) answer = fail(refused(call, *answer));
    if (unclear && denies(answer.error())) co_return fail(*unclear);
    if (is_change(call) && may_have_happened(answer.error())) unclear = answer.error();
    if (repeats >= impl_->settings.repeats_max || !worth_repeating(answer.error(), call)) co_return answer;
    const auto asked = retry_after(answer.error());
    const auto next = in(asked ? std::chrono::milliseconds(*asked) : with_jitter(pause));
    if (next >= deadline) co_return answer;
    co_await sleep_until(next);
    pause *= 2;
  }
}

Error refused_by_words(std::string_view service, const Call& call, const Answer& answer) {
  const auto words = words_of(answer);
  const auto said = ascii::lowered(words);
  const bool is_quota = answer.status >= 400 && answer.status < 500 && answer.status != 429 && answer.status != 408 &&
                        (said.contains("quota") || said.contains("limit exceeded"));
  return refused(is_quota ? Meaning{Kind::over_quota, "quota"} : meaning_of(answer.status), service, call.name,
                 answer.status, {}, words, call.hidden);
}

Error Link::refused(const Call& call, const Answer& answer) const {
  auto out = impl_->refusal(impl_->settings.service, call, answer);
  if (const auto wait = answer.headers.find("Retry-After")) out.with("retry_after", visible(wait->substr(0, 40)));
  return out;
}

Error Link::unreadable(std::string_view call, std::string_view why) const {
  return rest::unreadable(impl_->settings.service, call, why);
}

Error Link::partial(std::string_view call, std::string_view why) const {
  return rest::partial(impl_->settings.service, call, why);
}

std::string without_slashes(std::string_view url) {
  while (url.ends_with('/')) url.remove_suffix(1);
  return std::string(url);
}

}  // namespace nephele::rest
