// SPDX-License-Identifier: Apache-2.0
#include "identity/pages/ldap.h"

#include <array>

#include "identity/address_group.h"
#include "identity/astakos/conventions.h"
#include "identity/ways/ldap_rules.h"

namespace nephele::identity::pages {

namespace {

using http::Access;
using http::Request;
using http::Response;
using http::Route;
using http::Verb;

constexpr std::size_t user_bytes_max = 256;
constexpr std::string_view path = "/ui/login/ldap", add_path = "/ui/login/ldap/add";

bool is_away(Kind kind) {
  return kind == Kind::unavailable || kind == Kind::timeout || kind == Kind::invalid || kind == Kind::internal;
}

}  // namespace

struct LdapPages::Tried {
  std::string name = {};
  Came came = {};
  std::vector<Message> messages = {};
  int status = 200;
  bool adds = false;
};

std::span<const Route<LdapPages>> LdapPages::routes() {
  using P = LdapPages;
  static constexpr auto table = astakos::slash_optional(std::array<Route<P>, 4>{{
      {Verb::get, "/ui/login/ldap/", Access::open, &P::open<&P::page>},
      {Verb::post, "/ui/login/ldap/", Access::open, &P::open_form<&P::sign_in>, form_bytes_max},
      {Verb::get, "/ui/login/ldap/add/", Access::open, &P::user<&P::add_page>},
      {Verb::post, "/ui/login/ldap/add/", Access::open, &P::user_form<&P::add>, form_bytes_max},
  }});
  return table;
}

Response LdapPages::form_page(const Visit& visit, const Tried& tried) const {
  const std::string title = desk_.ways->book().title("ldap");
  Html inside = field({.name = "username",
                       .label = "Name in the directory",
                       .value = tried.name,
                       .autocomplete = "username",
                       .length_max = user_bytes_max});
  inside += field({.name = "password", .label = "Password", .type = "password", .autocomplete = "current-password"});
  inside += kept_of(tried.came);
  const bool box = !tried.name.empty() && desk_.needs_box(ways::guessed_name(tried.name));
  if (box) inside += desk_.captcha.box({});
  inside += submit(tried.adds ? "Add it to my account" : "Sign in");
  Html content = form(std::string(tried.adds ? add_path : path), desk_.token(visit), {inside});
  if (!tried.adds) content += element("p", {link(with_came("/ui/login", tried.came), "Other ways to sign in")});
  return desk_.show(visit, {.title = tried.adds ? "Add " + title : "Sign in by " + title,
                            .content = content,
                            .messages = tried.messages,
                            .status = tried.status,
                            .box_origins = box ? desk_.captcha.origins() : std::vector<std::string>{}});
}

Task<Result<Response>> LdapPages::page(Request& request, Visit visit) {
  Came came = came_by(desk_, request);
  if (visit.session) co_return desk_.go(visit, with_came(std::string(add_path), came));
  co_return form_page(visit, {.came = std::move(came)});
}

Task<Result<Response>> LdapPages::add_page(Request& request, Visit visit) {
  co_return form_page(visit, {.came = came_by(desk_, request), .adds = true});
}

/// Whoever runs the cloud reads the reason in the log; who wants to sign in learns that it is not his password.
Response LdapPages::away(const Visit& visit, const Request& request, const Error& error) const {
  desk_.log.warn("directory.away",
                 {{"request", request.id}, {"reason", error.sentence()}, {"attribute", error.detail("attribute")}});
  const bool incomplete = !error.detail("attribute").empty();
  Html content =
      element("p", {Html(incomplete ? error.sentence()
                                    : "The directory of users that judges names and passwords does not answer. "
                                      "Try again in a moment.")});
  content += element("p", {link("/ui/login", "Other ways to sign in")});
  auto response = desk_.show(visit, {.title = "Not available at the moment", .content = content, .status = 503});
  response.headers.set("Retry-After", "5");
  return response;
}

/// The same name from the same place is the same guesser, whatever the directory makes of case and blanks.
Task<Result<ways::Proof>> LdapPages::proved(std::string name, Secret password, const std::string& remote) {
  const auto wrong = [] { return fail(Kind::unauthorized, "Please enter a correct name and password."); };
  if (name.empty() || name.size() > user_bytes_max || password.empty()) co_return wrong();
  CO_TRY(const auto guess, co_await guesses_.begin(address_group(remote), ways::guessed_name(name)));
  const auto entry = co_await directory_.authenticate(std::move(name), std::move(password));
  if (entry) {
    guess->right();
    co_return ways::ldap_proof(*entry, settings_);
  }
  if (entry.error().kind() == Kind::unauthorized) co_return wrong();
  guess->unjudged();
  co_return fail(entry.error());
}

Task<Result<Response>> LdapPages::tried(Request& request, Visit visit, FormData form, bool adds) {
  Tried tried{.name = std::string(form.value("username")), .came = came_by(desk_, form), .adds = adds};
  const std::string guessed = ways::guessed_name(tried.name);
  if (desk_.needs_box(guessed)) {
    if (const auto problem = co_await desk_.box_problem(form, request)) {
      tried.messages = {{Message::Level::error, Html(*problem)}};
      tried.status = 403;
      co_return form_page(visit, tried);
    }
  }
  auto proof = co_await proved(tried.name, form.secret("password"), request.remote);
  if (proof) co_return co_await ways_.arrived(std::move(visit), request, std::move(*proof), std::move(tried.came));
  const Error& error = proof.error();
  if (is_away(error.kind())) co_return away(visit, request, error);
  if (error.kind() != Kind::unauthorized) co_return fail(error);
  desk_.note_wrong(guessed);
  tried.messages = {{Message::Level::error, Html(error.sentence())}};
  tried.status = 403;
  co_return form_page(visit, tried);
}

Task<Result<Response>> LdapPages::sign_in(Request& request, Visit visit, FormData form) {
  if (visit.session) co_return desk_.go(visit, std::string(add_path));
  co_return co_await tried(request, std::move(visit), std::move(form), false);
}

Task<Result<Response>> LdapPages::add(Request& request, Visit visit, FormData form) {
  co_return co_await tried(request, std::move(visit), std::move(form), true);
}

}  // namespace nephele::identity::pages
