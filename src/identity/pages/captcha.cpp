// SPDX-License-Identifier: Apache-2.0
#include "identity/pages/captcha.h"

#include <charconv>

#include "base/json.h"
#include "base/this_machine.h"
#include "http/client.h"
#include "identity/pages/desk.h"

namespace nephele::identity::pages {

namespace {

constexpr std::string_view answer_field = "g-recaptcha-response";
constexpr std::size_t answer_bytes_max = 8192, verdict_bytes_max = std::size_t{64} * 1024;
constexpr std::chrono::seconds patience{5};
constexpr double usual_threshold = 0.5;

std::string option_of(const CaptchaSettings& settings, std::string_view name) {
  const auto* entry = settings.options.entries.entry(name);
  return entry == nullptr || entry->value.if_text() == nullptr ? std::string() : *entry->value.if_text();
}

double threshold_of(const CaptchaSettings& settings) {
  const auto* entry = settings.options.entries.entry("threshold");
  if (entry == nullptr || entry->value.if_real() == nullptr) return usual_threshold;
  return *entry->value.if_real();
}

std::unexpected<Error> nobody_can_tell() {
  return fail(Kind::unavailable, "The box cannot be checked at the moment; try again in a minute.");
}

}  // namespace

Result<> Captcha::check(const CaptchaSettings& settings) {
  if (!settings.enabled) return {};
  const auto wrong = [](std::string sentence) { return fail(Kind::invalid, std::move(sentence)); };
  if (settings.public_key.empty()) return wrong("ASTAKOS_RECAPTCHA_ENABLED needs ASTAKOS_RECAPTCHA_PUBLIC_KEY");
  if (settings.private_key.empty()) return wrong("ASTAKOS_RECAPTCHA_ENABLED needs ASTAKOS_RECAPTCHA_PRIVATE_KEY");
  for (const auto& [name, url] : {std::pair("ASTAKOS_RECAPTCHA_VERIFY_URL", settings.verify_url),
                                  std::pair("ASTAKOS_RECAPTCHA_SCRIPT_URL", settings.script_url)}) {
    if (plain_origin(url).empty()) return wrong(std::string(name) + " is no address of the web; write https://…");
    // The private key and what users solve would be readable on the way.
    if (settings.use_ssl && !url.starts_with("https://") && !is_this_machine(url))
      return wrong(std::string(name) + " is not https; write https://…, or ASTAKOS_RECAPTCHA_USE_SSL = False");
  }
  return {};
}

Captcha::Captcha(CaptchaSettings settings, log::Logger log) : settings_(std::move(settings)), log_(std::move(log)) {
  if (settings_.enabled)
    client_ = std::make_unique<http::Client>(http::ClientSettings{.body_bytes_max = verdict_bytes_max});
}
Captcha::~Captcha() = default;

std::vector<std::string> Captcha::origins() const {
  std::vector<std::string> all{plain_origin(settings_.script_url)};
  const std::string& first = all.front();
  if (first == "https://www.google.com" || first == "https://www.recaptcha.net")
    all.emplace_back("https://www.gstatic.com");
  return all;
}

Html Captcha::box(const FieldErrors& errors) const {
  Attributes widget{{"class", "g-recaptcha"}, {"data-sitekey", settings_.public_key}};
  for (const std::string_view name : {"theme", "size"}) {
    const std::string value = option_of(settings_, name);
    // "custom" is a theme of a version that is gone.
    if (value == "light" || value == "dark" || value == "normal" || value == "compact")
      widget.push_back({name == "theme" ? "data-theme" : "data-size", value});
  }
  Html inside = element("script", {{"src", settings_.script_url}, {"async", "async"}, {"defer", "defer"}}, {});
  inside += element("div", widget, {});
  // Without scripts: the verifier's own page gives a text to be copied.
  const std::string page = settings_.script_url.substr(0, settings_.script_url.rfind('/')) +
                           "/api/fallback?k=" + http::percent_encode(settings_.public_key);
  Html still =
      element("iframe", {{"src", page}, {"title", "Are you a person?"}, {"width", "302"}, {"height", "422"}}, {});
  still += element("label", {{"for", "id_captcha"}}, {"The text that it shows then"});
  still += element("textarea", {{"id", "id_captcha"}, {"name", std::string(answer_field)}, {"rows", "3"}}, {});
  inside += element("noscript", {still});
  if (const auto wrong = errors.find("captcha"); wrong != errors.end())
    inside += element("p", {{"class", "problem"}, {"id", "captcha-problem"}, {"role", "alert"}}, {wrong->second});
  return element("div", {{"class", "field"}}, {inside});
}

std::optional<bool> verdict_in(std::string_view body, double threshold) {
  const auto said = json::parse(std::string(body));
  const auto* object = said ? said->if_object() : nullptr;
  const auto* success = object == nullptr ? nullptr : object->find("success");
  if (success == nullptr || success->if_bool() == nullptr) return std::nullopt;
  if (!*success->if_bool()) return false;
  const auto* score = object->find("score");
  if (score == nullptr) return true;
  if (score->if_number() == nullptr) return std::nullopt;
  double mark = 0;
  const std::string& text = score->if_number()->text;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), mark);
  return read.ec == std::errc{} && mark >= threshold;
}

Task<Result<>> Captcha::check(FormData form, std::string remote, SteadyTime deadline) const {
  const std::string answer(form.value(answer_field));
  const auto wrong = [] { return fail(Kind::forbidden, "Please tick the box and try again."); };
  if (answer.empty() || answer.size() > answer_bytes_max) co_return wrong();
  http::ClientRequest request{.verb = http::Verb::post, .url = settings_.verify_url};
  request.headers.add("Content-Type", "application/x-www-form-urlencoded");
  request.body = "secret=" + http::percent_encode(settings_.private_key.reveal()) +
                 "&response=" + http::percent_encode(answer) + "&remoteip=" + http::percent_encode(remote);
  request.deadline = std::min(deadline, in(patience));
  request.once = true;  // an answer is good for one look
  const auto said = co_await client_->send(std::move(request));
  if (!said) {
    log_.warn("captcha.unavailable", {{"reason", said.error().sentence()}});
    co_return nobody_can_tell();
  }
  const auto verdict = said->status == 200 ? verdict_in(said->body, threshold_of(settings_)) : std::nullopt;
  if (!verdict) {
    log_.warn("captcha.unavailable", {{"status", said->status}});
    co_return nobody_can_tell();
  }
  if (!*verdict) co_return wrong();
  co_return Result<>{};
}

}  // namespace nephele::identity::pages
