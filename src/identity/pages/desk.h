// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/rates.h"
#include "http/router.h"
#include "identity/life/life.h"
#include "identity/pages/captcha.h"
#include "identity/pages/forms.h"
#include "identity/pages/layout.h"
#include "identity/pages/sessions.h"
#include "identity/pages/settings.h"
#include "identity/ways/ways.h"

/// What all pages share: who visits, which forms are trusted, how answers and refusals leave.
namespace nephele::identity::pages {

/// One look at a page.
struct Visit {
  std::string remote;
  std::string csrf_cookie;
  bool csrf_is_new = false;
  std::optional<Session> session = {};
  std::int64_t terms = 0;                 ///< id of the latest; 0: there are none
  std::string lacks = {};                 ///< a way to sign in that the account must have
  std::vector<std::string> cookies = {};  ///< to be set with the answer

  std::string session_text() const { return session ? session->id.text() : std::string(); }
};

class Desk {
 public:
  /// All outlive it.
  Desk(Identity& identity, life::AccountLife& life, sql::Database& database, const SecretKey& key, const Clock& clock,
       Settings settings, log::Logger log);

  /// How browsers reach us, without a slash at the end. The port may be known late.
  void set_public_url(std::string url);
  std::string public_url() const;

  /// What pages without a visit show: before the first request.
  Task<Result<>> begin();
  Task<Result<Visit>> visit(const http::Request& request);
  /// May this form be acted on?
  bool trusted(const http::Request& request, const Visit& visit, const FormData& form) const;
  std::string token(const Visit& visit) const { return csrf_.token(visit.csrf_cookie, visit.session_text()); }

  /// Were there so many wrong passwords for this name lately that a box must be solved?
  bool needs_box(std::string_view name) const;
  void note_wrong(std::string_view name);
  /// Was the box on the form solved? The sentence for the user where it was not; nothing where it was, or none is
  /// asked.
  Task<std::optional<std::string>> box_problem(const FormData& form, const http::Request& request) const;

  http::Response show(const Visit& visit, Page page) const;
  http::Response go(const Visit& visit, const std::string& to) const;
  /// What a form's handler answers, as it leaves. Browsers hold each redirect that follows a form to where that form
  /// may lead, which is to our own pages: who goes on beyond them gets a page that leads there by itself.
  http::Response after_form(http::Response response) const;
  /// A page that says what went wrong; never what is only ours to know.
  http::Response refuse(const Visit& visit, const http::Request& request, const Error& error) const;
  /// The same without a visit: outside of handlers.
  http::Response bare(int status, std::string title, std::string sentence) const;
  http::Response forged(const Visit& visit) const;

  /// A session for an account whose owner proved himself. The one before ends. `module`: the way by which he came,
  /// which his browser remembers; empty: none.
  Task<Result<>> let_in(Visit& visit, Account account, std::string module = {});
  Task<Result<>> let_out(Visit& visit);

  /// Is this a way to sign in here? Without `ways` only the password is.
  bool offers(std::string_view module) const {
    return ways == nullptr ? module == ways::local : ways->book().offers(module);
  }
  /// Fails with `forbidden` when nobody signs up in this way.
  Result<> may_create(std::string_view module) const;
  /// Where somebody goes who signed in: his profile where he must see it first, what he asked for, or the site's
  /// choice.
  Task<Result<std::string>> after_sign_in(const Visit& visit, std::string next);
  /// A setting's place: a path of ours ("ui/landing") or an address of the site's choice. Empty: `otherwise`.
  std::string place(const std::string& setting, std::string_view otherwise) const;

  /// One more token of the life that the site sets, for who is signed in; with `renew` in place of all that there were.
  Task<Result<IssuedToken>> new_token(Session session, bool renew);

  /// A text of the pages, or the site's own in its place: `name` is that of ASTAKOS_<NAME>_MESSAGE.
  std::string say(std::string_view name, std::string_view ours) const;
  /// One more sign-up of this address? Fails with `busy`.
  Result<> allow_sign_up(const http::Request& request);
  /// One more mail that somebody at this address asks for? Fails with `busy`.
  Result<> allow_mail(const http::Request& request);

  Identity& identity;
  life::AccountLife& life;
  sql::Database& database;
  const SecretKey& key;
  const Clock& clock;
  const Settings settings;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  Sessions sessions;
  log::Logger log;
  ways::Ways* ways = nullptr;  ///< set before the first request; outlives the desk
  const Captcha captcha;       // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)

 private:
  bool secure() const;
  std::string session_cookie() const;
  std::string_view csrf_cookie() const;

  Frame frame(bool terms) const;
  std::string set_session_cookie(std::string value, std::chrono::seconds lasts) const;

  CsrfGuard csrf_;
  Rates sign_ups_, mails_, wrong_;
  mutable std::mutex mutex_;
  std::string public_url_;                        // guarded by mutex_
  mutable std::atomic<bool> terms_seen_ = false;  // for pages without a visit
};

/// What a site's administrator has to say, for a page.
std::vector<Message> shown(const Notices& notices);
/// scheme://host[:port] of a URL of the web, as a policy for browsers may hold it; empty for anything else.
std::string plain_origin(std::string_view url);
/// By which of the ways that there are this browser signed in last; empty: none.
std::string last_way(const Desk& desk, const http::Request& request);
/// Somebody is signed in and has not agreed to the latest terms of use.
bool must_agree(const Visit& visit);
/// The query of a link that comes back here afterwards.
std::string with_next(const std::string& path, const std::string& next);
/// What somebody asked for, as the `next` of the page that he is sent to first.
std::string asked_for(const http::Request& request);

/// What the router says when no handler does: pages for what people ask for, `others` for the rest.
class PageFaults final : public http::Faults {
 public:
  PageFaults(const Desk& desk, const http::Faults& others) : desk_(desk), others_(others) {}
  http::Response not_found(const http::Request& request) const override;
  http::Response method_not_allowed(const http::Request& request, std::string allow) const override;
  http::Response internal(const http::Request& request) const override;
  http::Response too_large(const http::Request& request, std::size_t limit) const override;
  http::Response refused(const http::Request& request, const Error& error) const override;
  http::Response timed_out(const http::Request& request) const override;

 private:
  const Desk& desk_;
  const http::Faults& others_;
};

/// Turns what a page does into a route's handler. The order for those who must be signed in: the terms, then who it is.
template <class Api>
class Guarded {
 protected:
  using Shows = Task<Result<http::Response>> (Api::*)(http::Request&, Visit);
  using Takes = Task<Result<http::Response>> (Api::*)(http::Request&, Visit, FormData);

  template <Shows handler>
  Task<http::Response> open(http::Request& request) {
    auto visit = co_await desk_.visit(request);
    if (!visit) co_return desk_.refuse({}, request, visit.error());
    co_return co_await shown<handler>(request, std::move(*visit));
  }
  template <Shows handler>
  Task<http::Response> user(http::Request& request) {
    auto visit = co_await desk_.visit(request);
    if (!visit) co_return desk_.refuse({}, request, visit.error());
    if (auto elsewhere = sent_away(request, *visit, next_of(request))) co_return std::move(*elsewhere);
    co_return co_await shown<handler>(request, std::move(*visit));
  }
  template <Takes handler>
  Task<http::Response> open_form(http::Request& request) {
    auto visit = co_await desk_.visit(request);
    if (!visit) co_return desk_.refuse({}, request, visit.error());
    co_return co_await taken<handler>(request, std::move(*visit));
  }
  template <Takes handler>
  Task<http::Response> user_form(http::Request& request) {
    auto visit = co_await desk_.visit(request);
    if (!visit) co_return desk_.refuse({}, request, visit.error());
    if (auto elsewhere = sent_away(request, *visit, next_of(request))) co_return std::move(*elsewhere);
    co_return co_await taken<handler>(request, std::move(*visit));
  }

  Desk& desk_;

 private:
  friend Api;
  explicit Guarded(Desk& desk) : desk_(desk) {}

  static std::string next_of(const http::Request& request) {
    return request.verb == http::Verb::post ? std::string() : asked_for(request);
  }
  /// Where a visitor must go first, to come back to `next` from there. An `open` page asks it before it gives anything
  /// out in somebody's name.
  std::optional<http::Response> sent_away(const http::Request& request, const Visit& visit,
                                          const std::string& next) const {
    if (!visit.session) return desk_.go(visit, with_next("/ui/login", next));
    if (must_agree(visit)) return desk_.go(visit, with_next("/ui/approval_terms", next));
    if (!visit.lacks.empty() && !for_ways(request.path)) return desk_.go(visit, "/ui/profile");
    return std::nullopt;
  }
  /// Where a way that is missing can be added.
  static bool for_ways(std::string_view path) {
    const auto begin = path.find_first_not_of('/');
    path.remove_prefix(begin == std::string_view::npos ? path.size() : begin);
    return path.starts_with("ui/profile") || path.starts_with("ui/password_change") ||
           path.starts_with("ui/add_auth_provider") || path.starts_with("ui/login/");
  }
  template <Shows handler>
  Task<http::Response> shown(http::Request& request, Visit visit) {
    const Visit before = visit;
    auto response = co_await (static_cast<Api&>(*this).*handler)(request, std::move(visit));
    if (!response) co_return desk_.refuse(before, request, response.error());
    co_return std::move(*response);
  }
  template <Takes handler>
  Task<http::Response> taken(http::Request& request, Visit visit) {
    const Visit before = visit;
    auto form = co_await form_of(request);
    if (!form) co_return desk_.refuse(before, request, form.error());
    if (!desk_.trusted(request, visit, *form)) co_return desk_.forged(visit);
    auto response = co_await (static_cast<Api&>(*this).*handler)(request, std::move(visit), std::move(*form));
    if (!response) co_return desk_.refuse(before, request, response.error());
    co_return desk_.after_form(std::move(*response));
  }
};

}  // namespace nephele::identity::pages
