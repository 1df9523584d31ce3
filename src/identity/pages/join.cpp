// SPDX-License-Identifier: Apache-2.0
#include "identity/pages/join.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "identity/account_name.h"
#include "identity/astakos/conventions.h"
#include "identity/pages/checks.h"
#include "identity/pages/ticket.h"
#include "identity/ways/store.h"

namespace nephele::identity::pages {

namespace {

using http::Access;
using http::Request;
using http::Response;
using http::Route;
using http::Verb;

constexpr std::chrono::minutes mail_again_after{1};

const PasswordFields password_fields{.first = "password1", .second = "password2", .label = "Password"};

/// What can be said before anybody else is asked.
FieldErrors wrong_with(const FormData& form, bool terms) {
  FieldErrors errors;
  check_address(errors, form, "email");
  check_person(errors, form, true);
  check_new_password(
      errors, form, password_fields,
      {std::string(form.value("email")), std::string(form.value("first_name")), std::string(form.value("last_name"))});
  if (terms) check_terms(errors, form);
  return errors;
}

Html agreement() {
  Html label("I agree with the ");
  label += element("a", {{"href", "/ui/approval_terms"}, {"target", "_blank"}, {"rel", "noopener"}}, {"terms"});
  return label;
}

}  // namespace

std::span<const Route<JoinPages>> JoinPages::routes() {
  using P = JoinPages;
  static constexpr auto table = astakos::slash_optional(std::array<Route<P>, 8>{{
      {Verb::get, "/ui/signup/", Access::open, &P::open<&P::sign_up_page>},
      {Verb::post, "/ui/signup/", Access::open, &P::open_form<&P::sign_up>, form_bytes_max},
      {Verb::get, "/ui/activate/", Access::open, &P::open<&P::activate>},
      {Verb::get, "/ui/send/activation/{secret:ticket}/", Access::open, &P::open<&P::resend_page>},
      {Verb::post, "/ui/send/activation/{secret:ticket}/", Access::open, &P::open_form<&P::resend>, form_bytes_max},
      {Verb::get, "/ui/approval_terms/", Access::open, &P::open<&P::terms>},
      {Verb::post, "/ui/approval_terms/", Access::open, &P::open_form<&P::agree>, form_bytes_max},
      {Verb::get, "/ui/approval_terms/{id}/", Access::open, &P::open<&P::one_terms>},
  }});
  return table;
}

Response JoinPages::sign_up_form(const Visit& visit, const FormData& typed, const FieldErrors& errors) const {
  const auto kept = [&](std::string_view name) { return std::string(typed.value(name)); };
  Html inside = hidden("provider", "local");
  inside += field({.name = "email",
                   .label = "E-mail address",
                   .type = "email",
                   .value = kept("email"),
                   .autocomplete = "email",
                   .hint = "We send you a link there, to see that it is yours.",
                   .length_max = name_bytes_max},
                  errors);
  inside += person_fields(kept("first_name"), kept("last_name"), true, errors);
  inside += new_password(password_fields, errors);
  if (desk_.captcha.enabled()) inside += desk_.captcha.box(errors);
  if (visit.terms != 0) {
    inside += check_box("has_signed_terms", agreement(), errors);
    inside += hidden(terms_version_field, std::to_string(visit.terms));
  }
  inside += submit("Sign up");
  auto messages = pages::shown(desk_.settings.web.signup_messages);
  if (!errors.empty()) messages.push_back({Message::Level::error, Html("Some of it is not right yet; see below.")});
  Html content = form("/ui/signup", desk_.token(visit), {inside});
  content += element("p", {Html("You have an account already? "), link("/ui/login", "Sign in")});
  return desk_.show(visit,
                    {.title = "Sign up",
                     .content = content,
                     .messages = std::move(messages),
                     .status = errors.empty() ? 200 : 400,
                     .box_origins = desk_.captcha.enabled() ? desk_.captcha.origins() : std::vector<std::string>{}});
}

Task<Result<Response>> JoinPages::sign_up_page(Request& request, Visit visit) {
  if (const auto waiting = request.query_value("third_party_token"))
    co_return desk_.go(visit, "/ui/signup/third_party?third_party_token=" + http::percent_encode(*waiting));
  if (!desk_.offers(ways::local)) co_return desk_.go(visit, "/ui/login");
  CO_TRY_VOID(desk_.may_create(ways::local));
  if (visit.session) co_return desk_.go(visit, "/ui/landing");
  co_return sign_up_form(visit, {}, {});
}

Task<Result<>> may_mail(Desk& desk, std::string email) {
  const auto key = name_key(email);
  const Time now = desk.clock.now();
  if (!key) co_return Result<>{};
  co_return co_await desk.database.read([&](sql::Tx& tx) -> Result<> {
    for (const auto& account : life::store::unverified_with(tx, *key)) {
      const auto before = life::store::life(tx, account);
      if (before && before->activation_sent && now - *before->activation_sent < mail_again_after)
        return fail(Kind::busy, "A mail was sent to this address a moment ago; look for it, or try again in a minute.");
    }
    return {};
  });
}

Task<Result<Account>> JoinPages::made_by(Request& request, FormData form) {
  life::SignUp wanted{.email = std::string(form.value("email")),
                      .first_name = std::string(form.value("first_name")),
                      .last_name = std::string(form.value("last_name")),
                      .password = form.secret("password1"),
                      .terms_agreed = form.has("has_signed_terms"),
                      .terms_shown = terms_shown(form),
                      .request_id = request.id,
                      .remote = request.remote};
  if (desk_.ways != nullptr) co_return co_await desk_.ways->sign_up(std::move(wanted));
  co_return co_await desk_.life.sign_up(std::move(wanted));
}

Task<Result<Response>> JoinPages::sign_up(Request& request, Visit visit, FormData form) {
  if (form.has("provider") && form.value("provider") != "local") co_return desk_.go(visit, "/ui/signup");
  CO_TRY_VOID(desk_.may_create(ways::local));
  auto errors = wrong_with(form, visit.terms != 0);
  if (!errors.empty()) co_return sign_up_form(visit, form, errors);
  if (const auto problem = co_await desk_.box_problem(form, request))
    co_return sign_up_form(visit, form, {{"captcha", *problem}});
  CO_TRY_VOID(desk_.allow_sign_up(request));
  CO_TRY_VOID(desk_.allow_mail(request));
  CO_TRY_VOID(co_await may_mail(desk_, std::string(form.value("email"))));
  auto made = co_await made_by(request, form);
  if (!made && (made.error().kind() == Kind::conflict || made.error().kind() == Kind::invalid)) {
    errors.emplace(field_of(made.error()), made.error().sentence());
    co_return sign_up_form(visit, form, errors);
  }
  if (!made) co_return fail(made.error());
  co_return mail_sent_page(desk_, visit, *made);
}

Response mail_sent_page(const Desk& desk, const Visit& visit, const Account& account) {
  Html content = element("p", {Html("We sent a mail to "), element("strong", {Html(account.email)}),
                               Html(". Follow the link in it to go on.")});
  content += element("p", {Html("If no mail comes, look into your spam folder, or ask for another one:")});
  content += form("/ui/send/activation/" + new_ticket(desk.key, account.id, desk.clock.now()), desk.token(visit),
                  {submit("Send the mail again", true)});
  return desk.show(visit, {.title = "Look into your mail", .content = content});
}

namespace {

/// By what he signs in who came by a link: his only way, or nothing where he has several.
Task<Result<std::string>> only_module(Desk& desk, AccountId account) {
  co_return co_await desk.database.read([&](sql::Tx& tx) -> std::string {
    const auto all = ways::store::ways_of(tx, account);
    const auto differs = [&](const ways::Way& way) { return way.module != all.front().module; };
    return all.empty() || std::ranges::any_of(all, differs) ? std::string() : all.front().module;
  });
}

}  // namespace

Task<Result<Response>> JoinPages::activate(Request& request, Visit visit) {
  const std::string code = request.query_value("auth").value_or("");
  if (code.empty())
    co_return fail(Kind::forbidden, "The address lacks its key; use the link as it stands in the mail.");
  if (visit.session)
    co_return fail(Kind::conflict, "You are signed in already. To activate another account, sign out first.");
  const auto followed = co_await desk_.life.follow(code);
  if (!followed) co_return fail(followed.error());
  if (followed->second != life::Outcome::activated) {
    const Html content =
        element("p", {Html("Thank you: your e-mail address is verified. An administrator looks at your "
                           "request now; you get a mail when you can sign in.")});
    co_return desk_.show(visit, {.title = "Your account request is pending moderation", .content = content});
  }
  CO_TRY(auto account, co_await desk_.identity.find(followed->first));
  CO_TRY(auto module, co_await only_module(desk_, account.id));
  CO_TRY_VOID(co_await desk_.let_in(visit, std::move(account), std::move(module)));
  const std::string& wanted = desk_.settings.sign_up.activation_redirect;
  if (wanted != SignUpSettings{}.activation_redirect) co_return desk_.go(visit, desk_.place(wanted, "/ui/landing"));
  co_return desk_.go(visit, "/ui/landing?done=activated");
}

Task<Result<Response>> JoinPages::resend_page(Request& request, Visit visit) {
  const Html content = form("/ui/send/activation/" + http::percent_encode(request.parameters.at(0)), desk_.token(visit),
                            {submit("Send the mail again")});
  co_return desk_.show(visit, {.title = "Another mail", .content = content});
}

Task<Result<Response>> JoinPages::resend(Request& request, Visit visit, FormData) {
  const auto account = ticket_account(desk_.key, request.parameters.at(0), desk_.clock.now());
  if (!account) co_return fail(Kind::not_found, "This address is too old; sign in to get a new one.");
  CO_TRY_VOID(desk_.allow_mail(request));
  const auto sent = co_await desk_.life.send_activation(*account, false, account->text());
  if (!sent) co_return fail(sent.error());
  const Html content =
      element("p", {Html("A new link is on its way; the ones in earlier mails do not work any more.")});
  co_return desk_.show(visit, {.title = "Look into your mail", .content = content});
}

Response JoinPages::terms_page(const Visit& visit, const life::store::Terms& terms, const std::string& next,
                               const FieldErrors& errors) const {
  Html content = element("div", {{"class", "card terms"}}, {Html::of_administrator(terms.content)});
  content += element("p", {{"class", "hint"}},
                     {Html("Version " + std::to_string(terms.id) + ", " + iso8601(terms.created).substr(0, 10))});
  if (visit.session && terms.id == visit.terms && life::AccountLife::must_agree(visit.session->life, terms)) {
    Html inside = check_box("has_signed_terms", "I agree with the terms", errors);
    inside += hidden(terms_version_field, std::to_string(terms.id));
    if (!next.empty()) inside += hidden("next", next);
    inside += submit("Go on");
    content += form("/ui/approval_terms", desk_.token(visit), {inside});
  }
  return desk_.show(visit, {.title = "Terms of use", .content = content, .status = errors.empty() ? 200 : 400});
}

Task<Result<Response>> JoinPages::terms(Request& request, Visit visit) {
  CO_TRY(const auto latest, co_await desk_.life.terms());
  if (!latest) {
    const Html content =
        element("p", {Html(desk_.say("NO_APPROVAL_TERMS", "There are no terms of service to approve."))});
    co_return desk_.show(visit, {.title = "Terms of use", .content = content});
  }
  const auto next = safe_next(request.query_value("next").value_or(""), desk_.public_url());
  co_return terms_page(visit, *latest, next.value_or(""), {});
}

Task<Result<Response>> JoinPages::one_terms(Request& request, Visit visit) {
  const std::string& text = request.parameters.at(0);
  std::int64_t id = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), id);
  const auto none = [] { return fail(Kind::not_found, "There are no terms of use with this number."); };
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) co_return none();
  CO_TRY(const auto found, co_await desk_.life.terms(id));
  if (!found) co_return none();
  co_return terms_page(visit, *found, {}, {});
}

Task<Result<Response>> JoinPages::agree(Request&, Visit visit, FormData form) {
  const std::string next = safe_next(form.value("next"), desk_.public_url()).value_or("");
  if (!visit.session) co_return desk_.go(visit, with_next("/ui/login", "/ui/approval_terms"));
  CO_TRY(const auto latest, co_await desk_.life.terms());
  if (!latest) co_return desk_.go(visit, "/ui/landing");
  if (!form.has("has_signed_terms"))
    co_return terms_page(visit, *latest, next, {{std::string(terms_field), std::string(must_agree_text)}});
  const AccountId account = visit.session->account.id;
  CO_TRY_VOID(co_await desk_.life.agree(account, account.text(), terms_shown(form)));
  co_return desk_.go(visit, next.empty() ? "/ui/landing?done=agreed" : next);
}

}  // namespace nephele::identity::pages
