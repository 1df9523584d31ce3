// SPDX-License-Identifier: Apache-2.0
#include "identity/pages/desk.h"

#include <algorithm>
#include <charconv>

#include "identity/account_name.h"
#include "identity/address_group.h"
#include "identity/pages/store.h"
#include "identity/store.h"

namespace nephele::identity::pages {

namespace {

constexpr std::size_t addresses_max = 20'000;  // that are remembered
constexpr std::string_view last_way_cookie = "astakos_last_login_method";
constexpr std::chrono::hours last_way_kept{24 * 365};

int status_of(Kind kind) {
  switch (kind) {
    case Kind::invalid:
      return 400;
    case Kind::unauthorized:
    case Kind::forbidden:
      return 403;
    case Kind::not_found:
      return 404;
    case Kind::conflict:
      return 409;
    case Kind::over_quota:
      return 413;
    case Kind::busy:
      return 429;
    case Kind::unavailable:
    case Kind::timeout:
      return 503;
    case Kind::internal:
      break;
  }
  return 500;
}

std::string_view title_of(int status) {
  switch (status) {
    case 404:
      return "Page not found";
    case 403:
      return "Not allowed";
    case 413:
      return "Too much";
    case 429:
      return "Too many tries";
    case 503:
      return "Not available at the moment";
    default:
      return status >= 500 ? "Something went wrong" : "That did not work";
  }
}

std::string ours(const http::Request& request) {
  return "It is not your fault. Try again in a moment; if it stays, tell us the number of the request: " + request.id;
}

bool is_page(const http::Request& request) {
  std::string_view path = request.path;
  while (path.size() > 1 && path[1] == '/') path.remove_prefix(1);
  return path == "/" || path == "/ui" || path == "/im" || path.starts_with("/weblogin/") || path.starts_with("/ui/") ||
         path.starts_with("/im/");
}

/// Astakos' rule: ASTAKOS_RATELIMIT_RETRIES_ALLOWED counts the try that is limited.
Rate wrong_passwords(const Settings& settings) {
  const auto free = static_cast<std::uint32_t>(std::max(settings.sign_in.retries_allowed - 1, 1));
  return {.burst = free, .every = std::chrono::milliseconds{60'000} / free};
}

/// What tries at one account have in common, whatever its name's letters look like.
std::string guessed(std::string_view name) {
  return name_key(name).value_or("");
}

}  // namespace

Desk::Desk(Identity& ident, life::AccountLife& accounts, sql::Database& db, const SecretKey& secret_key,
           const Clock& time, Settings wanted, log::Logger logger)
    : identity(ident),
      life(accounts),
      database(db),
      key(secret_key),
      clock(time),
      settings(std::move(wanted)),
      sessions(db, secret_key, time, settings.sessions),
      log(std::move(logger)),
      captcha(settings.captcha, log),
      csrf_(secret_key),
      sign_ups_(settings.sign_ups_of_address, addresses_max),
      mails_(settings.mails_of_address, addresses_max),
      wrong_(wrong_passwords(settings), addresses_max) {}

void Desk::set_public_url(std::string url) {
  const std::lock_guard lock(mutex_);
  public_url_ = std::move(url);
}
std::string Desk::public_url() const {
  const std::lock_guard lock(mutex_);
  return public_url_;
}

bool Desk::secure() const {
  return settings.cookie.secure.value_or(public_url().starts_with("https://"));
}
// The prefix makes browsers refuse such a cookie from another host of the domain; it needs https, and no domain.
std::string Desk::session_cookie() const {
  if (!settings.cookie.name.empty()) return settings.cookie.name;
  if (!secure()) return "nephele-session";
  return settings.cookie.domain.empty() ? "__Host-nephele-session" : "__Secure-nephele-session";
}
std::string Desk::set_session_cookie(std::string value, std::chrono::seconds lasts) const {
  return set_cookie({session_cookie(), std::move(value), secure(), lasts, settings.cookie.domain});
}
std::string_view Desk::csrf_cookie() const {
  return secure() ? "__Host-nephele-form" : "nephele-form";
}

Task<Result<Visit>> Desk::visit(const http::Request& request) {
  Visit visit{.remote = request.remote, .csrf_cookie = {}};
  const auto known = cookie(request, csrf_cookie());
  visit.csrf_is_new = !known || !CsrfGuard::well_formed(*known);
  visit.csrf_cookie = visit.csrf_is_new ? CsrfGuard::new_cookie() : *known;
  const auto given = cookie(request, session_cookie());
  CO_TRY_VOID(co_await database.read([&](sql::Tx& tx) {
    visit.terms = store::latest_terms(tx);
    if (given) visit.session = sessions.look(tx, Secret(*given));
  }));
  terms_seen_ = visit.terms != 0;
  if (given && !visit.session) visit.cookies.push_back(set_session_cookie("", std::chrono::seconds{0}));
  if (visit.session)
    if (const auto noted = co_await sessions.saw(*visit.session); !noted)
      log.warn("session.not_noted", {{"request", request.id}, {"reason", noted.error().sentence()}});
  if (visit.session && ways != nullptr) {
    CO_TRY(visit.lacks, co_await ways->missing(visit.session->account.id));
  }
  co_return visit;
}

bool Desk::trusted(const http::Request& request, const Visit& visit, const FormData& form) const {
  return !visit.csrf_is_new && from_our_pages(request, public_url()) &&
         csrf_.right(form.value(csrf_field), visit.csrf_cookie, visit.session_text());
}

namespace {

void set_cookies(http::Response& response, const Visit& visit) {
  for (const auto& cookie : visit.cookies) response.headers.add("Set-Cookie", cookie);
}

Message::Level level_of(std::string_view name) {
  if (name == "success") return Message::Level::success;
  if (name == "warning") return Message::Level::warning;
  return name == "error" ? Message::Level::error : Message::Level::info;
}

}  // namespace

std::vector<Message> shown(const Notices& notices) {
  std::vector<Message> out;
  for (const auto& notice : notices) out.push_back({level_of(notice.level), Html(notice.text)});
  return out;
}

Frame Desk::frame(bool terms) const {
  Frame around{.site = settings.site,
               .signed_in = {},
               .has_terms = terms,
               .support = settings.support,
               .sign_up = settings.sign_up.shown};
  const auto& web = settings.web;
  if (web.show_copyright)
    around.footer.push_back(web.copyright.empty() ? "Copyright " + web.company_name : web.copyright);
  if (!web.footer_message.empty()) around.footer.push_back(web.footer_message);
  return around;
}

Task<Result<>> Desk::begin() {
  CO_TRY(const auto terms, co_await database.read([](sql::Tx& tx) { return store::latest_terms(tx); }));
  terms_seen_ = terms != 0;
  co_return Result<>{};
}

http::Response Desk::show(const Visit& visit, Page page) const {
  auto global = shown(settings.web.global_messages);
  page.messages.insert(page.messages.begin(), global.begin(), global.end());
  Frame around = frame(visit.terms != 0);
  if (visit.session) around.signed_in = visit.session->account.name;
  if (visit.session) around.sign_out = form("/ui/logout", token(visit), {submit("Sign out", true)});
  auto response = page_response(page, around);
  set_cookies(response, visit);
  if (visit.csrf_is_new)
    response.headers.add("Set-Cookie", set_cookie({csrf_cookie(), visit.csrf_cookie, secure(), std::nullopt}));
  return response;
}

http::Response Desk::go(const Visit& visit, const std::string& to) const {
  auto response = redirect(to);
  set_cookies(response, visit);
  return response;
}

http::Response Desk::after_form(http::Response response) const {
  const std::string to(response.headers.find("Location").value_or("/"));
  // Not all that is ours: behind weblogin/ and OAuth2's path a program waits.
  if (to == "/" || to.starts_with("/ui/") || to.starts_with("/im/")) return response;
  const Html text = element("p", {link(to, "Go on"), " if your browser does not do it by itself."});
  auto page = page_response({.title = "One moment", .content = text, .onward = to}, frame(terms_seen_));
  for (auto& [name, value] : response.headers)
    if (http::same_name(name, "Set-Cookie")) page.headers.add(name, value);
  return page;
}

http::Response Desk::refuse(const Visit& visit, const http::Request& request, const Error& error) const {
  const int status = status_of(error.kind());
  // Not the path: it may hold the key of a mailed link. The server's own line of this request has it without.
  if (status >= 500) log.warn("page.failed", {{"request", request.id}, {"reason", error.sentence()}});
  const Html text = element("p", {Html(status >= 500 ? ours(request) : error.sentence())});
  const Page page{.title = std::string(title_of(status)), .content = text, .status = status};
  // A visit that could not even be looked at has no cookie to give a form.
  auto response = visit.csrf_cookie.empty() ? page_response(page, frame(terms_seen_)) : show(visit, page);
  if (status == 429 || status == 503) {
    int ms = 0;
    const std::string_view wait = error.detail("retry_after_ms");
    std::from_chars(wait.data(), wait.data() + wait.size(), ms);
    response.headers.set("Retry-After", std::to_string(std::clamp((ms + 999) / 1000, 1, 60)));
  }
  return response;
}

http::Response Desk::bare(int status, std::string title, std::string sentence) const {
  return page_response({.title = std::move(title), .content = element("p", {Html(sentence)}), .status = status},
                       frame(terms_seen_));
}

http::Response Desk::forged(const Visit& visit) const {
  const Html text =
      element("p", {Html("This form was not sent from a page of ours, or it is too old. Go back, load the "
                         "page again and send it once more; your browser must take cookies.")});
  return show(visit, {.title = "Not allowed", .content = text, .status = 403});
}

Task<Result<>> Desk::let_in(Visit& visit, Account account, std::string module) {
  if (visit.session) CO_TRY_VOID(co_await sessions.end(visit.session->id));
  const AccountId id = account.id;
  CO_TRY(const Secret cookie,
         co_await sessions.begin(std::move(account),
                                 "by " + (module.empty() ? "a new password" : module) + " from " + visit.remote));
  visit.cookies.clear();
  visit.cookies.push_back(set_session_cookie(cookie.reveal(), sessions.life()));
  visit.cookies.push_back(set_cookie({csrf_cookie(), CsrfGuard::new_cookie(), secure(), std::nullopt}));
  if (!module.empty())
    visit.cookies.push_back(set_cookie({last_way_cookie, std::move(module), secure(), last_way_kept}));
  CO_TRY(visit.session, co_await sessions.find(cookie));
  log.info("session.begun", {{"account", id}});
  co_return Result<>{};
}

Result<> Desk::may_create(std::string_view module) const {
  if (ways == nullptr || (offers(module) && ways->book().policies(module).create)) return {};
  return fail(Kind::forbidden, ways->book().words(module, ways::Words::disabled_for_create));
}

Task<Result<>> Desk::let_out(Visit& visit) {
  if (visit.session) CO_TRY_VOID(co_await sessions.leave(*visit.session));
  visit.session.reset();
  visit.cookies = {set_session_cookie("", std::chrono::seconds{0})};
  co_return Result<>{};
}

std::string Desk::place(const std::string& setting, std::string_view otherwise) const {
  if (setting.empty()) return std::string(otherwise);
  if (setting.starts_with("https://") || setting.starts_with("http://")) return setting;
  return "/" + setting.substr(std::min(setting.find_first_not_of('/'), setting.size()));
}

Task<Result<std::string>> Desk::after_sign_in(const Visit& visit, std::string next) {
  const AccountId account = visit.session->account.id;
  if (settings.sign_up.force_profile_update && !visit.session->account.admin) {
    CO_TRY(const bool seen, co_await database.read([&](sql::Tx& tx) { return store::profile_seen(tx, account); }));
    if (!seen) co_return with_next("/ui/profile", next);
  }
  if (!next.empty()) co_return next;
  co_return place(settings.sign_in.login_success_url, "/ui/landing");
}

Task<Result<IssuedToken>> Desk::new_token(Session session, bool renew) {
  const auto lasts = settings.sign_in.token_duration;
  const AccountId id = session.account.id;
  auto holds = sessions.holds(session);
  if (!renew) co_return co_await identity.issue_token(id, {}, lasts, std::move(holds));
  co_return co_await identity.renew_token(
      id, {.actor = id.text(), .life = lasts, .sessions_stay = true, .holds = std::move(holds)});
}

bool Desk::needs_box(std::string_view name) const {
  if (!captcha.enabled()) return false;
  return settings.sign_in.retries_allowed <= 1 || wrong_.wait_of(guessed(name), clock.now()).has_value();
}

void Desk::note_wrong(std::string_view name) {
  if (captcha.enabled()) (void)wrong_.take(guessed(name), clock.now());
}

Task<std::optional<std::string>> Desk::box_problem(const FormData& form, const http::Request& request) const {
  if (!captcha.enabled()) co_return std::nullopt;
  const auto solved = co_await captcha.check(form, request.remote, request.deadline);
  if (solved) co_return std::nullopt;
  if (solved.error().kind() != Kind::forbidden) co_return solved.error().sentence();
  co_return say("CAPTCHA_VALIDATION_ERR", solved.error().sentence());
}

std::string Desk::say(std::string_view name, std::string_view ours) const {
  const auto own = settings.messages.find("ASTAKOS_" + std::string(name) + "_MESSAGE");
  return own == settings.messages.end() ? std::string(ours) : own->second;
}

Result<> Desk::allow_sign_up(const http::Request& request) {
  return sign_ups_.allow(address_group(request.remote), clock.now(),
                         "Many accounts were asked for from your address; wait a little and try again.");
}

Result<> Desk::allow_mail(const http::Request& request) {
  return mails_.allow(address_group(request.remote), clock.now(),
                      "Many mails were asked for from your address; wait a little and try again.");
}

std::string plain_origin(std::string_view url) {
  const auto origin = origin_of(url);
  if (!origin.starts_with("https://") && !origin.starts_with("http://")) return {};
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == ':' || c == '/' || c == '[' || c == ']';
  };
  return std::ranges::all_of(origin, good) ? std::string(origin) : std::string();
}

std::string last_way(const Desk& desk, const http::Request& request) {
  auto module = cookie(request, last_way_cookie).value_or("");
  return desk.offers(module) ? module : std::string();
}

bool must_agree(const Visit& visit) {
  return visit.session && visit.session->life.terms < visit.terms;
}

std::string with_next(const std::string& path, const std::string& next) {
  return next.empty() ? path : path + "?next=" + http::percent_encode(next);
}

std::string asked_for(const http::Request& request) {
  return safe_next(request.target, {}).value_or("");
}

http::Response PageFaults::not_found(const http::Request& request) const {
  if (!is_page(request)) return others_.not_found(request);
  return desk_.bare(404, "Page not found", "There is no page at this address.");
}

http::Response PageFaults::method_not_allowed(const http::Request& request, std::string allow) const {
  if (!is_page(request)) return others_.method_not_allowed(request, std::move(allow));
  auto response = desk_.bare(405, "That did not work", "This page cannot be used in this way.");
  response.headers.set("Allow", std::move(allow));
  return response;
}

http::Response PageFaults::internal(const http::Request& request) const {
  if (!is_page(request)) return others_.internal(request);
  return desk_.bare(500, "Something went wrong", ours(request));
}

http::Response PageFaults::too_large(const http::Request& request, std::size_t limit) const {
  if (!is_page(request)) return others_.too_large(request, limit);
  return desk_.bare(413, "Too much", "The form is too long; write less into it.");
}

http::Response PageFaults::refused(const http::Request& request, const Error& error) const {
  if (!is_page(request)) return others_.refused(request, error);
  return desk_.bare(403, "Not allowed", "You may not see this page.");
}

http::Response PageFaults::timed_out(const http::Request& request) const {
  if (!is_page(request)) return others_.timed_out(request);
  return desk_.bare(503, "Not available at the moment", ours(request));
}

}  // namespace nephele::identity::pages
