// SPDX-License-Identifier: Apache-2.0
#include "identity/pages/password.h"

#include <algorithm>
#include <array>

#include "identity/account_name.h"
#include "identity/astakos/conventions.h"
#include "identity/life/store.h"
#include "identity/pages/checks.h"
#include "identity/pages/store.h"
#include "identity/store.h"

namespace nephele::identity::pages {

namespace {

using http::Access;
using http::Request;
using http::Response;
using http::Route;
using http::Verb;

constexpr std::chrono::days link_life{3};
constexpr std::chrono::minutes again_after{5};
constexpr std::size_t code_bytes = 32, code_text_max = 128;

const PasswordFields password_fields{.first = "new_password1", .second = "new_password2", .label = "New password"};

FieldErrors wrong_with(const FormData& form, const Account& account) {
  FieldErrors errors;
  check_new_password(errors, form, password_fields, known_of(account));
  return errors;
}

std::unexpected<Error> unknown_link() {
  return fail(Kind::not_found, "This link was used already, or it is too old; ask for another one.");
}

}  // namespace

std::span<const Route<PasswordPages>> PasswordPages::routes() {
  using P = PasswordPages;
  static constexpr auto table = astakos::slash_optional(std::array<Route<P>, 6>{{
      {Verb::get, "/ui/password_change/", Access::open, &P::user<&P::change_page>},
      {Verb::post, "/ui/password_change/", Access::open, &P::user_form<&P::change>, form_bytes_max},
      {Verb::get, "/ui/local/password_reset/", Access::open, &P::open<&P::forgot_page>},
      {Verb::post, "/ui/local/password_reset/", Access::open, &P::open_form<&P::forgot>, form_bytes_max},
      {Verb::get, "/ui/local/password_reset/confirm/", Access::open, &P::open<&P::confirm_page>},
      {Verb::post, "/ui/local/password_reset/confirm/", Access::open, &P::open_form<&P::confirm>, form_bytes_max},
  }});
  return table;
}

namespace {

std::string hash_of(const Desk& desk, const std::string& code) {
  return desk.key.keyed_hash(code, "identity.password_reset");
}

}  // namespace

std::string PasswordPages::hash_of(const std::string& code) const {
  return pages::hash_of(desk_, code);
}

Html PasswordPages::new_password_fields(const FieldErrors& errors) const {
  Html out = new_password(password_fields, errors);
  if (!desk_.settings.sign_in.new_password_ends_token) out += check_box("renew", "End my tokens too", errors, true);
  return out;
}

Task<Result<Account>> PasswordPages::replace(AccountId account, const FormData& form, std::string remote, Take take) {
  CO_TRY(const std::string hash,
         co_await desk_.identity.hash_secret(form.secret(password_fields.first), std::move(remote)));
  const bool end_tokens = desk_.settings.sign_in.new_password_ends_token || form.has("renew");
  const Time now = desk_.clock.now();
  CO_TRY(auto changed, co_await desk_.database.write([&](sql::Tx& tx) -> Result<Account> {
    TRY_VOID(take(tx));
    auto after = identity::store::replace_password(tx, account, hash);
    if (!after) return unknown_link();
    if (end_tokens)
      identity::store::remove_tokens_of(tx, account);
    else
      identity::store::end_sessions_of(tx, account);
    life::store::insert(tx, {.at = now,
                             .account = account.text(),
                             .actor = account.text(),
                             .event = "account.new_password",
                             .details = end_tokens ? "tokens ended" : "tokens stay"});
    return std::move(*after);
  }));
  desk_.log.info("account.new_password", {{"account", account}, {"tokens_ended", end_tokens}});
  co_return changed;
}

Task<Result<bool>> PasswordPages::is_first(const Visit& visit) {
  if (desk_.ways == nullptr) co_return false;
  CO_TRY(const auto overview, co_await desk_.ways->overview(visit.session->account.id));
  const auto is_local = [](const ways::Listed& listed) { return listed.way.module == ways::local; };
  if (std::ranges::any_of(overview.ways, is_local)) co_return false;
  if (std::ranges::find(overview.addable, ways::local) != overview.addable.end()) co_return true;
  co_return fail(Kind::forbidden, "Your account has no password, and it cannot be given one.");
}

Response PasswordPages::change_form(const Visit& visit, const FieldErrors& errors, bool first) const {
  Html inside;
  if (!first)
    inside += field(
        {.name = "old_password", .label = "Present password", .type = "password", .autocomplete = "current-password"},
        errors);
  inside += new_password_fields(errors);
  inside += submit(first ? "Set the password" : "Change the password");
  Html content = form("/ui/password_change", desk_.token(visit), {inside});
  content += element(
      "p", {{"class", "hint"}},
      {desk_.settings.sign_in.new_password_ends_token ? "Everywhere else you are signed out, and your tokens end."
                                                      : "Everywhere else you are signed out."});
  return desk_.show(visit, {.title = first ? "Set a password" : "Change your password",
                            .content = content,
                            .status = errors.empty() ? 200 : 400});
}

Task<Result<Response>> PasswordPages::change_page(Request&, Visit visit) {
  CO_TRY(const bool first, co_await is_first(visit));
  co_return change_form(visit, {}, first);
}

Task<Result<Response>> PasswordPages::change(Request& request, Visit visit, FormData form) {
  const Account account = visit.session->account;
  CO_TRY(const bool first, co_await is_first(visit));
  if (auto errors = wrong_with(form, account); !errors.empty()) co_return change_form(visit, errors, first);
  if (!first) {
    const auto known = co_await desk_.identity.authenticate(account.id, form.secret("old_password"), request.remote);
    if (!known && known.error().kind() == Kind::unauthorized)
      co_return change_form(visit, {{"old_password", "this is not your present password"}}, first);
    if (!known) co_return fail(known.error());
  }
  // Another password that was set while this one was hashed has ended this session.
  const auto take = [this, first, id = account.id,
                     holds = desk_.sessions.holds(*visit.session)](sql::Tx& tx) -> Result<> {
    if (!identity::store::lock_enabled(tx, id)) return fail(Kind::not_found, "Your account is disabled.");
    TRY_VOID(holds(tx));
    if (first) desk_.ways->join_groups(tx, id, std::string(ways::local));
    return {};
  };
  CO_TRY(auto changed, co_await replace(account.id, form, request.remote, take));
  CO_TRY_VOID(co_await desk_.let_in(visit, std::move(changed)));
  co_return desk_.go(visit, "/ui/profile?done=password");
}

Task<Result<Response>> PasswordPages::forgot_page(Request&, Visit visit) {
  Html inside =
      field({.name = "email", .label = "E-mail address", .type = "email", .autocomplete = "email", .length_max = 254});
  inside += submit("Send me a link");
  Html content = element("p", {"We send you a link by which you can choose a new password."});
  content += form("/ui/local/password_reset", desk_.token(visit), {inside});
  co_return desk_.show(visit, {.title = "Forgotten password", .content = content});
}

void mail_reset_link(sql::Tx& tx, const Desk& desk, const MailOutbox& outbox, const MailTexts& texts,
                     const Account& account, const std::string& request_id) {
  const std::string code = random_token(code_bytes);
  const Time now = desk.clock.now();
  store::keep_reset(tx, account.id, hash_of(desk, code), now, now + link_life);
  const std::string user = account.first_name.empty() ? account.name : account.first_name;
  auto text = texts.render(MailKind::password_reset,
                           {{"user", user},
                            {"url", desk.public_url() + "/ui/local/password_reset/confirm?auth=" + code},
                            {"days", std::to_string(link_life.count())}});
  (void)outbox.enqueue(tx, {.what = std::string(to_string(MailKind::password_reset)),
                            .to = {.name = user, .mailbox = account.email},
                            .subject = std::move(text.subject),
                            .text = std::move(text.text),
                            .actor = account.id.text(),
                            .request_id = request_id});
}

void PasswordPages::mail_link(sql::Tx& tx, const std::string& email_key, Time now, const Request& request) const {
  const auto id = store::account_by_email(tx, email_key);
  if (!id) return;
  const auto stored = identity::store::find_to_change(tx, *id);
  if (!stored || !stored->account.enabled || stored->password_hash.empty()) return;
  if (store::account_by_email(tx, email_key) != id) return;  // before the row was ours he moved to another address
  const auto before = store::reset_made(tx, *id);
  if (before && now - *before < again_after) return;
  mail_reset_link(tx, desk_, *outbox_, texts_, stored->account, request.id);
  // Who asked is not known; from where is.
  life::store::insert(tx, {.at = now,
                           .account = id->text(),
                           .actor = request.remote,
                           .event = "account.password_reset_asked",
                           .details = {}});
}

Task<Result<Response>> PasswordPages::forgot(Request& request, Visit visit, FormData form) {
  if (outbox_ == nullptr) co_return fail(Kind::unavailable, "no mail can be sent: set EMAIL_HOST or EMAIL_FILE_PATH");
  CO_TRY_VOID(desk_.allow_mail(request));
  const Time now = desk_.clock.now();
  if (const auto key = name_key(form.value("email")))
    CO_TRY_VOID(co_await desk_.database.write([&](sql::Tx& tx) { mail_link(tx, *key, now, request); }));
  // The same for everybody: nobody learns here who has an account.
  const Html content = element("p", {"If an account has this address, a mail with a link is on its way. The link works "
                                     "once, within 3 days."});
  co_return desk_.show(visit, {.title = "Look into your mail", .content = content});
}

Task<Result<AccountId>> PasswordPages::owner(std::string code) {
  if (code.empty() || code.size() > code_text_max) co_return unknown_link();
  const Time now = desk_.clock.now();
  const std::string hash = hash_of(code);
  CO_TRY(auto account,
         co_await desk_.database.read([&](sql::Tx& tx) { return store::account_with_reset(tx, hash, now); }));
  if (!account) co_return unknown_link();
  co_return std::move(*account);
}

Response PasswordPages::confirm_form(const Visit& visit, const std::string& code, const FieldErrors& errors) const {
  // In the form and not in its address: addresses get into logs.
  Html inside = hidden("auth", code);
  inside += new_password_fields(errors);
  inside += submit("Set the new password");
  const Html content = form("/ui/local/password_reset/confirm", desk_.token(visit), {inside});
  return desk_.show(visit,
                    {.title = "Choose a new password", .content = content, .status = errors.empty() ? 200 : 400});
}

Task<Result<Response>> PasswordPages::confirm_page(Request& request, Visit visit) {
  const std::string code = request.query_value("auth").value_or("");
  CO_TRY_VOID(co_await owner(code));
  co_return confirm_form(visit, code, {});
}

Task<Result<Response>> PasswordPages::confirm(Request& request, Visit visit, FormData form) {
  const std::string code(form.value("auth"));
  CO_TRY(const AccountId id, co_await owner(code));
  CO_TRY(const auto account, co_await desk_.identity.find(id));
  if (auto errors = wrong_with(form, account); !errors.empty()) co_return confirm_form(visit, code, errors);
  // The link is used up with the new password or not at all; of two who come at once, one has it.
  const auto take = [&, hash = hash_of(code), now = desk_.clock.now()](sql::Tx& tx) -> Result<> {
    const auto account_now = store::account_with_reset(tx, hash, now);
    if (account_now != id || !store::take_reset(tx, id, hash)) return unknown_link();
    return {};
  };
  CO_TRY_VOID(co_await replace(id, form, request.remote, take));
  co_return desk_.go(visit, "/ui/login?done=password");
}

}  // namespace nephele::identity::pages
