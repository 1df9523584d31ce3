// SPDX-License-Identifier: Apache-2.0
#include "identity/pages/ways.h"

#include <array>

#include "identity/account_name.h"
#include "identity/astakos/conventions.h"
#include "identity/pages/checks.h"
#include "identity/pages/join.h"

namespace nephele::identity::pages {

namespace {

using http::Access;
using http::Request;
using http::Response;
using http::Route;
using http::Verb;

constexpr std::string_view home = "/ui/landing";

struct Asked {
  const char* name;
  const char* label;
  const char* type;
  const char* autocomplete;
  std::size_t length_max;
  std::string ways::Proof::* said;
};
constexpr std::array asked{
    Asked{"email", "E-mail address", "email", "email", name_bytes_max, &ways::Proof::email},
    Asked{"first_name", "First name", "text", "given-name", person_characters, &ways::Proof::first_name},
    Asked{"last_name", "Last name", "text", "family-name", person_characters, &ways::Proof::last_name}};

FieldErrors wrong_with(const FormData& form, const ways::Proof& proof, bool terms) {
  FieldErrors errors;
  for (const auto& field : asked) {
    if (proof.forced.contains(field.name)) continue;
    if (field.type == std::string_view("email"))
      check_address(errors, form, field.name);
    else
      check_person_name(errors, form, field.name, true);
  }
  if (terms) check_terms(errors, form);
  return errors;
}

bool all_forced(const ways::Proof& proof) {
  return proof.forced.size() == asked.size();
}

Html button_link(std::string address, const std::string& text) {
  return element("p", {element("a", {{"class", "main"}, {"href", std::move(address)}}, {Html(text)})});
}

}  // namespace

std::string way_path(std::string_view module) {
  return "/ui/login/" + std::string(module);
}

/// Never without a question: the address that brought the key may be somebody else's trick.
std::string add_path(const Secret& token, const std::optional<ways::WayId>& replaces = {}) {
  return "/ui/add_auth_provider?token=" + http::percent_encode(token.reveal()) +
         (replaces ? "&switch_from=" + http::percent_encode(replaces->text()) : std::string());
}
std::string onward(const Came& came) {
  if (!came.key.empty()) return add_path(came.key);
  return came.next.empty() ? std::string(home) : came.next;
}

Task<Result<std::string>> entered(Desk& desk, const Visit& visit, Came came) {
  if (!came.key.empty()) co_return onward(came);
  co_return co_await desk.after_sign_in(visit, std::move(came.next));
}

Came came_by(const Desk& desk, const Request& request) {
  Came came{.next = safe_next(request.query_value("next").value_or(""), desk.public_url()).value_or(""),
            .key = Secret(request.query_value("key").value_or(""))};
  if (const auto way = request.query_value("switch_from")) came.replaces = ways::WayId(*way);
  return came;
}

Came came_by(const Desk& desk, const FormData& form) {
  Came came{.next = safe_next(form.value("next"), desk.public_url()).value_or(""), .key = form.secret("key")};
  if (form.has("switch_from")) came.replaces = ways::WayId(std::string(form.value("switch_from")));
  return came;
}

Html kept_of(const Came& came) {
  Html kept;
  if (!came.next.empty()) kept += hidden("next", came.next);
  if (!came.key.empty()) kept += hidden("key", came.key.reveal());
  if (came.replaces) kept += hidden("switch_from", came.replaces->text());
  return kept;
}

std::string with_came(std::string path, const Came& came) {
  char mark = '?';
  const auto add = [&](std::string_view name, const std::string& value) {
    if (value.empty()) return;
    path.append(1, std::exchange(mark, '&')).append(name).append("=").append(http::percent_encode(value));
  };
  add("next", came.next);
  add("key", came.key.reveal());
  if (came.replaces) add("switch_from", came.replaces->text());
  return path;
}

std::span<const Route<WayPages>> WayPages::routes() {
  using P = WayPages;
  static constexpr auto table = astakos::slash_optional(std::array<Route<P>, 7>{{
      {Verb::get, "/ui/signup/third_party/", Access::open, &P::open<&P::form_page>},
      {Verb::post, "/ui/signup/third_party/", Access::open, &P::open_form<&P::sign_up>, form_bytes_max},
      {Verb::get, "/ui/add_auth_provider/", Access::open, &P::user<&P::add_page>},
      {Verb::post, "/ui/add_auth_provider/", Access::open, &P::user_form<&P::add>, form_bytes_max},
      {Verb::post, "/ui/remove_auth_provider/{id}/", Access::open, &P::user_form<&P::remove>, form_bytes_max},
      // An old address of a way that is not offered leads nowhere.
      {Verb::get, "/im/login/{module}/", Access::open, &P::none},
      {Verb::post, "/im/login/{module}/", Access::open, &P::none},
  }});
  return table;
}

Task<Response> WayPages::none(Request& request) {
  const std::string& module = request.parameters.at(0);
  if (!desk_.offers(module)) co_return desk_.bare(404, "Page not found", "There is no page at this address.");
  auto response = redirect(way_path(module) + (request.query.empty() ? std::string() : "?" + request.query));
  response.status = 308;
  co_return response;
}

Task<Result<Response>> WayPages::come_in(Visit visit, Account account, std::string module, Came came) {
  CO_TRY_VOID(co_await desk_.let_in(visit, std::move(account), std::move(module)));
  CO_TRY(const auto to, co_await entered(desk_, visit, std::move(came)));
  co_return desk_.go(visit, to);
}

Task<Result<Response>> WayPages::arrived(Visit visit, Request& request, ways::Proof proof, Came came) {
  const ways::Visitor visitor{.account = visit.session ? std::optional(visit.session->account.id) : std::nullopt,
                              .replaces = came.replaces,
                              .only_known = !came.key.empty(),
                              .only_look = came.ask_first,
                              .holds = visit.session ? desk_.sessions.holds(*visit.session) : StillHolds()};
  CO_TRY(auto arrived, co_await desk_.ways->arrive(proof, visitor));
  switch (arrived.step) {
    case ways::Step::let_in:
      co_return co_await come_in(std::move(visit), std::move(arrived.account), proof.module, std::move(came));
    case ways::Step::already:
      co_return desk_.go(visit, "/ui/profile?done=way-known");
    case ways::Step::add:
    case ways::Step::replace:
      if (arrived.token.empty()) co_return desk_.go(visit, "/ui/profile?done=way-added");
      co_return desk_.go(visit, add_path(arrived.token, came.replaces));
    case ways::Step::sign_up:
      break;
  }
  if (!all_forced(proof))
    co_return desk_.go(visit, "/ui/signup?third_party_token=" + http::percent_encode(arrived.token.reveal()));
  // Nothing is left to ask for. Terms are agreed to at the first sign-in.
  CO_TRY_VOID(co_await may_mail(desk_, proof.email));
  CO_TRY(const auto made,
         co_await desk_.ways->sign_up(std::move(arrived.token), {.terms_later = true, .request_id = request.id}));
  CO_TRY(const auto shown, co_await desk_.life.show(made.id));
  if (!shown.life.email_verified) co_return mail_sent_page(desk_, visit, made);
  if (!made.enabled) co_return waiting_page(visit);
  std::string module = proof.module;
  CO_TRY(auto again, co_await desk_.ways->arrive(std::move(proof), {}));
  co_return co_await come_in(std::move(visit), std::move(again.account), std::move(module), std::move(came));
}

Response WayPages::waiting_page(const Visit& visit) const {
  const Html content =
      element("p", {Html("An administrator looks at your request now; you get a mail when you can sign in.")});
  return desk_.show(visit, {.title = "Your account request is pending moderation", .content = content});
}

Response WayPages::filled_form(const Visit& visit, const Secret& token, const ways::Pending& waiting,
                               const FormData& typed, const FieldErrors& errors) const {
  const auto& proof = waiting.proof;
  Html inside = hidden("third_party_token", token.reveal());
  inside += hidden("provider", proof.module);
  Html known;
  for (const auto& field : asked) {
    const std::string& said = proof.*field.said;
    if (proof.forced.contains(field.name)) {
      known += element("dt", {field.label});
      known += element("dd", {Html(said)});
      continue;
    }
    inside += pages::field({.name = field.name,
                            .label = field.label,
                            .type = field.type,
                            .value = typed.has(field.name) ? std::string(typed.value(field.name)) : said,
                            .autocomplete = field.autocomplete,
                            .length_max = field.length_max},
                           errors);
  }
  if (visit.terms != 0) {
    Html label("I agree with the ");
    label += element("a", {{"href", "/ui/approval_terms"}, {"target", "_blank"}, {"rel", "noopener"}}, {"terms"});
    inside += check_box("has_signed_terms", label, errors);
    inside += hidden(terms_version_field, std::to_string(visit.terms));
  }
  inside += submit("Sign up");
  const std::string title = desk_.ways->book().title(proof.module);
  Html content = element("p", {Html("You come here by " + title + " for the first time.")});
  if (!known.empty()) content += element("dl", {known});
  content += form("/ui/signup/third_party", desk_.token(visit), {inside});
  content += element("p", {Html("You have an account already? "),
                           link("/ui/login?key=" + http::percent_encode(token.reveal()), "Sign in"),
                           Html(", and " + title + " becomes one more way to it.")});
  return desk_.show(visit, {.title = "Sign up", .content = content, .status = errors.empty() ? 200 : 400});
}

Task<Result<Response>> WayPages::form_page(Request& request, Visit visit) {
  if (visit.session) co_return desk_.go(visit, std::string(home));
  Secret token(request.query_value("third_party_token").value_or(""));
  CO_TRY(const auto waiting, co_await desk_.ways->pending(token));
  co_return filled_form(visit, token, waiting, {}, {});
}

Task<Result<Response>> WayPages::sign_up(Request& request, Visit visit, FormData form) {
  if (visit.session) co_return desk_.go(visit, std::string(home));
  Secret token = form.secret("third_party_token");
  CO_TRY(const auto waiting, co_await desk_.ways->pending(token));
  auto errors = wrong_with(form, waiting.proof, visit.terms != 0);
  if (!errors.empty()) co_return filled_form(visit, token, waiting, form, errors);
  const bool forced = waiting.proof.forced.contains("email");
  CO_TRY_VOID(desk_.allow_sign_up(request));
  CO_TRY_VOID(desk_.allow_mail(request));
  CO_TRY_VOID(co_await may_mail(desk_, forced ? waiting.proof.email : std::string(form.value("email"))));
  auto made = co_await desk_.ways->sign_up(token, {.email = std::string(form.value("email")),
                                                   .first_name = std::string(form.value("first_name")),
                                                   .last_name = std::string(form.value("last_name")),
                                                   .terms_agreed = form.has("has_signed_terms"),
                                                   .terms_shown = terms_shown(form),
                                                   .request_id = request.id});
  const bool shown_there = !made && (!forced || field_of(made.error()) != "email");
  if (shown_there && (made.error().kind() == Kind::conflict || made.error().kind() == Kind::invalid)) {
    errors.emplace(field_of(made.error()), made.error().sentence());
    co_return filled_form(visit, token, waiting, form, errors);
  }
  if (!made) co_return fail(made.error());
  CO_TRY(const auto shown, co_await desk_.life.show(made->id));
  if (!shown.life.email_verified) co_return mail_sent_page(desk_, visit, *made);
  if (!made->enabled) co_return waiting_page(visit);
  co_return co_await come_in(std::move(visit), std::move(*made), waiting.proof.module, {});
}

Task<Result<Response>> WayPages::add_page(Request& request, Visit visit) {
  Secret token(request.query_value("token").value_or(""));
  CO_TRY(const auto waiting, co_await desk_.ways->pending(token));
  const std::string title = desk_.ways->book().title(waiting.proof.module);
  const Came came = came_by(desk_, request);
  Html content =
      element("p", {Html("Whoever signs in by " + title + " as "), element("strong", {Html(waiting.proof.identifier)}),
                    Html(" will come into your account, " + visit.session->account.name +
                         (came.replaces ? ", and who came by the one before will not any more." : "."))});
  content += form("/ui/add_auth_provider", desk_.token(visit),
                  {hidden("token", token.reveal()), kept_of({.replaces = came.replaces}),
                   submit(came.replaces ? "Change it" : "Add it to my account")});
  content += element("p", {link("/ui/profile", "No, leave my account as it is")});
  co_return desk_.show(visit, {.title = came.replaces ? "Another " + title + " account" : "One more way to sign in",
                               .content = content});
}

Task<Result<Response>> WayPages::add(Request&, Visit visit, FormData form) {
  CO_TRY_VOID(co_await desk_.ways->attach(visit.session->account.id, form.secret("token"),
                                          came_by(desk_, form).replaces, desk_.sessions.holds(*visit.session)));
  co_return desk_.go(visit, "/ui/profile?done=way-added");
}

Task<Result<Response>> WayPages::remove(Request& request, Visit visit, FormData) {
  CO_TRY_VOID(co_await desk_.ways->remove(visit.session->account.id, ways::WayId(request.parameters.at(0))));
  co_return desk_.go(visit, "/ui/profile?done=way-removed");
}

Html other_ways(const Desk& desk, const Came& came, std::string_view last) {
  if (desk.ways == nullptr) return {};
  const auto& book = desk.ways->book();
  Html items;
  for (const auto& module : book.modules())
    if (module != ways::local)
      items += element("li", {link(with_came(way_path(module), came), book.title(module)),
                              Html(module == last ? " (as the last time)" : "")});
  if (items.empty()) return {};
  Html out = element("h2", {book.modules().front() == ways::local ? "Or sign in by" : "Sign in by"});
  out += element("ul", {{"class", "ways"}}, {items});
  return out;
}

namespace {

/// Where somebody who is signed in goes to add a way.
std::string adding_path(std::string_view module) {
  if (module == ways::local) return "/ui/password_change";
  return module == "ldap" ? way_path(module) + "/add" : way_path(module);
}

}  // namespace

Task<Result<Html>> ways_section(Desk& desk, const Visit& visit) {
  CO_TRY(const auto overview, co_await desk.ways->overview(visit.session->account.id));
  const auto& book = desk.ways->book();
  Html out = element("h2", {"How you sign in"});
  if (!visit.lacks.empty())
    out += element("p", {{"class", "message warning"}, {"role", "alert"}},
                   {Html(book.words(visit.lacks, ways::Words::required))});
  Html rows;
  for (const auto& [way, title, removable, replaceable] : overview.ways) {
    std::string text = title;
    if (!way.identifier.empty()) text += ": " + way.identifier;
    if (!way.affiliation.empty() && way.affiliation != title) text += " (" + way.affiliation + ")";
    if (way.last_login) text += ", last used " + iso8601(*way.last_login).substr(0, 10);
    Html row{text};
    if (way.module == ways::local && book.offers(ways::local)) {
      row += Html(" ");
      row += link("/ui/password_change", "Change your password");
    }
    if (replaceable) {
      row += Html(" ");
      row += link(with_came(adding_path(way.module), {.replaces = way.id}), "Change to another account there");
    }
    if (removable)
      row += form("/ui/remove_auth_provider/" + http::percent_encode(way.id.text()), desk.token(visit),
                  {submit("Remove " + title, true)});
    rows += element("li", {row});
  }
  if (!rows.empty()) out += element("ul", {{"class", "ways"}}, {rows});
  for (const auto& module : overview.addable) {
    out += button_link(adding_path(module), "Add " + book.title(module));
    out += element("p", {{"class", "hint"}}, {Html(book.words(module, ways::Words::add_prompt))});
  }
  co_return out;
}

}  // namespace nephele::identity::pages
