// SPDX-License-Identifier: Apache-2.0
#include "identity/pages/entry.h"

#include <array>

#include "identity/account_name.h"
#include "identity/astakos/conventions.h"
#include "identity/pages/components.h"
#include "identity/pages/store.h"
#include "identity/pages/ticket.h"
#include "identity/pages/ways.h"
#include "identity/store.h"

namespace nephele::identity::pages {

namespace {

using http::Access;
using http::Request;
using http::Response;
using http::Route;
using http::Verb;

constexpr std::string_view home = "/ui/landing";

/// Who signs in by it has a session there too, which is not ours to end.
bool is_elsewhere(std::string_view module) {
  return !module.empty() && module != ways::local && module != "ldap";
}

/// What a page before this one has done, told once in its address: fixed words, so a link can say nothing else.
std::vector<Message> done_before(const Request& request, const Desk& desk) {
  const auto done = request.query_value("done");
  const auto tell = [&](std::string_view name, const std::string& ours) {
    return std::vector<Message>{{Message::Level::success, Html(desk.say(name, ours))}};
  };
  if (done == "signed-out") {
    auto told = tell("AUTH_PROVIDER_LOGOUT_SUCCESS", "Logged out successfully from " + desk.settings.site + ".");
    if (const auto module = last_way(desk, request); is_elsewhere(module))
      told.push_back({Message::Level::warning, Html(desk.ways->book().words(module, ways::Words::still_signed_in))});
    return told;
  }
  if (done == "password")
    return tell("PASSWORD_RESET_CONFIRM_DONE", "Your password is changed. Sign in with the new one.");
  if (done == "agreed") return {{Message::Level::success, Html("Thank you; you agreed to the terms of use.")}};
  if (done == "email") return tell("EMAIL_CHANGED", "The email of your account changed successfully.");
  if (done == "activated")
    return tell("ACCOUNT_ACTIVATED", "Congratulations. Your account has been activated. You are now logged in.");
  return {};
}

void add(std::vector<Message>& messages, std::vector<Message> more) {
  messages.insert(messages.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

struct EntryPages::Tried {
  std::string name = {};
  Came came = {};
  std::vector<Message> messages = {};
  int status = 200;
  std::string last = {};  ///< way by which this browser signed in before
};

std::span<const Route<EntryPages>> EntryPages::routes() {
  using P = EntryPages;
  static constexpr auto table = astakos::slash_optional(std::array<Route<P>, 20>{{
      {Verb::get, "/ui/", Access::open, &P::open<&P::index>},
      {Verb::get, "/ui/login/", Access::open, &P::open<&P::login>},
      {Verb::post, "/ui/login/", Access::open, &P::open_form<&P::sign_in>, form_bytes_max},
      {Verb::get, "/ui/local/", Access::open, &P::open<&P::login>},
      {Verb::post, "/ui/local/", Access::open, &P::open_form<&P::sign_in>, form_bytes_max},
      {Verb::get, "/ui/login/local/", Access::open, &P::open<&P::login>},
      {Verb::post, "/ui/login/local/", Access::open, &P::open_form<&P::sign_in>, form_bytes_max},
      {Verb::get, "/ui/logout/", Access::open, &P::open<&P::logout_page>},
      {Verb::post, "/ui/logout/", Access::open, &P::open_form<&P::sign_out>, form_bytes_max},
      {Verb::get, "/ui/landing/", Access::open, &P::user<&P::landing>},
      {Verb::get, "/ui/static/style.css/", Access::open, &P::style},
      {Verb::get, "/im/", Access::open, &P::old_address},
      {Verb::get, "/im/{a}/", Access::open, &P::old_address},
      {Verb::post, "/im/{a}/", Access::open, &P::old_address},
      {Verb::get, "/im/{a}/{b}/", Access::open, &P::old_address},
      {Verb::post, "/im/{a}/{b}/", Access::open, &P::old_address},
      {Verb::get, "/im/{a}/{b}/{c}/", Access::open, &P::old_address},
      {Verb::post, "/im/{a}/{b}/{c}/", Access::open, &P::old_address},
      {Verb::get, "/im/{a}/{b}/{c}/{d}/", Access::open, &P::old_address},
      {Verb::get, "/im/{a}/{b}/{c}/{d}/{e}/", Access::open, &P::old_address},
  }});
  return table;
}

std::span<const Route<RootPage>> RootPage::routes() {
  static constexpr std::array<Route<RootPage>, 1> table{{{Verb::get, "/", Access::open, &RootPage::root}}};
  return table;
}

Task<Response> RootPage::root(Request&) {
  co_return redirect("/ui/");
}

/// 308: a form that was sent to the old address is sent again to the new one.
Task<Response> EntryPages::old_address(Request& request) {
  const auto begin = request.path.find_first_not_of('/');
  auto response =
      redirect("/ui" + request.path.substr(begin + 2) + (request.query.empty() ? std::string() : "?" + request.query));
  response.status = 308;
  co_return response;
}

Task<Response> EntryPages::style(Request& request) {
  co_return style_sheet(request);
}

Task<Result<Response>> EntryPages::index(Request&, Visit visit) {
  co_return desk_.go(visit, visit.session ? std::string(home) : "/ui/login");
}

Response EntryPages::login_page(const Visit& visit, const Tried& tried) const {
  if (!desk_.offers(ways::local))
    return desk_.show(visit, {.title = "Sign in",
                              .content = other_ways(desk_, tried.came, tried.last),
                              .messages = tried.messages,
                              .status = tried.status});
  Html inside = field({.name = "username",
                       .label = "E-mail address or name",
                       .value = tried.name,
                       .autocomplete = "username",
                       .length_max = 254});
  inside += field({.name = "password", .label = "Password", .type = "password", .autocomplete = "current-password"});
  inside += kept_of(tried.came);
  const bool box = !tried.name.empty() && desk_.needs_box(tried.name);
  if (box) inside += desk_.captcha.box({});
  inside += submit("Sign in");
  const Html password = form("/ui/login", desk_.token(visit), {inside});
  const Html others = other_ways(desk_, tried.came, tried.last);
  const bool first = desk_.ways == nullptr || desk_.ways->book().modules().front() == ways::local;
  Html content = first ? password : others;
  content += first ? others : password;
  content += element("p", {link("/ui/local/password_reset", "Forgot your password?")});
  if (desk_.settings.sign_up.shown) content += element("p", {Html("No account yet? "), link("/ui/signup", "Sign up")});
  auto messages = tried.messages;
  add(messages, pages::shown(desk_.settings.web.login_messages));
  return desk_.show(visit, {.title = "Sign in",
                            .content = content,
                            .messages = std::move(messages),
                            .status = tried.status,
                            .box_origins = box ? desk_.captcha.origins() : std::vector<std::string>{}});
}

Task<Result<Response>> EntryPages::login(Request& request, Visit visit) {
  Came came = came_by(desk_, request);
  if (visit.session) co_return desk_.go(visit, onward(came));
  co_return login_page(
      visit, {.came = std::move(came), .messages = done_before(request, desk_), .last = last_way(desk_, request)});
}

Task<Result<Account>> EntryPages::proved(std::string name, Secret password, std::string remote) {
  const auto key = name_key(name);
  CO_TRY(auto stored, co_await desk_.database.read([&](sql::Tx& tx) -> std::optional<identity::store::Stored> {
    if (!key) return std::nullopt;
    if (const auto id = store::account_by_email(tx, *key)) return identity::store::find(tx, *id);
    return identity::store::find(tx, *key);
  }));
  if (!stored) co_return co_await desk_.identity.authenticate(std::move(name), std::move(password), std::move(remote));
  const AccountId id = stored->account.id;
  if (stored->account.enabled) {
    auto known = co_await desk_.identity.authenticate(id, std::move(password), std::move(remote));
    if (known || known.error().kind() != Kind::unauthorized || desk_.ways == nullptr) co_return known;
    CO_TRY(auto others, co_await desk_.ways->instead_of_password(id));
    if (others.empty()) co_return known;
    co_return fail(Kind::forbidden, std::move(others));
  }
  CO_TRY_VOID(
      co_await desk_.identity.check_secret(id.text(), stored->password_hash, std::move(password), std::move(remote)));
  CO_TRY(const auto shown, co_await desk_.life.show(id));
  const auto state = life::state_of(shown.life);
  Error error(Kind::forbidden, std::string(state == life::State::active ? life::refusal_text(life::State::inactive)
                                                                        : life::refusal_text(state)));
  if (state == life::State::pending_verification) error.with("account", id.text());
  co_return fail(std::move(error));
}

Task<Result<Response>> EntryPages::sign_in(Request& request, Visit visit, FormData form) {
  if (!desk_.offers(ways::local)) co_return fail(Kind::not_found, "Nobody signs in by a password here.");
  Tried tried{
      .name = std::string(form.value("username")), .came = came_by(desk_, form), .last = last_way(desk_, request)};
  if (desk_.needs_box(tried.name)) {
    if (const auto problem = co_await desk_.box_problem(form, request)) {
      tried.messages = {{Message::Level::error, Html(*problem)}};
      tried.status = 403;
      co_return login_page(visit, tried);
    }
  }
  auto account = co_await proved(tried.name, form.secret("password"), request.remote);
  if (account && desk_.ways != nullptr) CO_TRY_VOID(co_await desk_.ways->enter(account->id, std::string(ways::local)));
  if (account) {
    CO_TRY_VOID(co_await desk_.let_in(visit, std::move(*account), std::string(ways::local)));
    CO_TRY(const auto to, co_await entered(desk_, visit, tried.came));
    co_return desk_.go(visit, to);
  }
  const Error& error = account.error();
  if (error.kind() == Kind::unauthorized) {
    desk_.note_wrong(tried.name);
    tried.messages = {{Message::Level::error, Html("Please enter a correct name or e-mail address and password.")}};
  } else if (error.kind() == Kind::forbidden) {
    Html text(error.sentence());
    if (!error.detail("account").empty())
      text += pages::form("/ui/send/activation/" +
                              new_ticket(desk_.key, AccountId(std::string(error.detail("account"))), desk_.clock.now()),
                          desk_.token(visit), {submit("Send the mail again", true)});
    tried.messages = {{Message::Level::warning, text}};
  } else {
    co_return fail(error);
  }
  tried.status = 403;
  co_return login_page(visit, tried);
}

Task<Result<Response>> EntryPages::logout_page(Request&, Visit visit) {
  if (!visit.session) co_return desk_.go(visit, "/ui/login");
  const Html content = form("/ui/logout", desk_.token(visit), {submit("Sign out")});
  co_return desk_.show(visit, {.title = "Sign out", .content = content});
}

Task<Result<Response>> EntryPages::sign_out(Request& request, Visit visit, FormData form) {
  CO_TRY_VOID(co_await desk_.let_out(visit));
  const auto asked = form.has("next") ? std::string(form.value("next")) : request.query_value("next").value_or("");
  co_return desk_.go(visit,
                     safe_next(asked, desk_.public_url())
                         .value_or(desk_.place(desk_.settings.sign_in.logout_next, "/ui/login?done=signed-out")));
}

Task<Result<Response>> EntryPages::landing(Request& request, Visit visit) {
  const auto card = [](std::string address, std::string_view title, std::string_view text) {
    return element(
        "div", {{"class", "card"}},
        {element("h2", {link(std::move(address), title)}), text.empty() ? Html() : element("p", {Html(text)})});
  };
  const auto& account = visit.session->account;
  const std::string name = account.first_name.empty() ? account.name : account.first_name;
  CO_TRY(const auto components,
         co_await desk_.database.read([&](sql::Tx& tx) { return shown_components(tx, desk_.settings.web); }));
  Html cards;
  for (const auto& component : components) cards += card(component.url, component.title, component.description);
  cards += card("/ui/profile", "Profile", "Your name, your password, and where you are signed in.");
  cards += card("/ui/api_access", "API access", "Use the cloud from programs: addresses and tokens.");
  if (visit.terms != 0) cards += card("/ui/approval_terms", "Terms of use", "What you agreed to.");
  Html content = element("p", {Html("Welcome, " + name + ".")});
  content += element("div", {{"class", "cards"}}, {cards});
  co_return desk_.show(visit, {.title = "Overview", .content = content, .messages = done_before(request, desk_)});
}

}  // namespace nephele::identity::pages
