// SPDX-License-Identifier: Apache-2.0
#include "identity/pages/email_change.h"

#include <array>

#include "identity/account_name.h"
#include "identity/amend.h"
#include "identity/astakos/conventions.h"
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

constexpr std::chrono::minutes again_after{1};
constexpr std::size_t code_bytes = 32, code_text_max = 128;
constexpr std::string_view used_text = "There is already an account with this email address.";
constexpr std::string_view reserved_text = "The new email address is reserved.";

}  // namespace

std::span<const Route<EmailPages>> EmailPages::routes() {
  using P = EmailPages;
  static constexpr auto table = astakos::slash_optional(std::array<Route<P>, 4>{{
      {Verb::get, "/ui/email_change/", Access::open, &P::user<&P::wish_page>},
      {Verb::post, "/ui/email_change/", Access::open, &P::user_form<&P::wish>, form_bytes_max},
      {Verb::post, "/ui/email_change/cancel/", Access::open, &P::user_form<&P::cancel>, form_bytes_max},
      {Verb::get, "/ui/email_change/confirm/{secret:key}/", Access::open, &P::open<&P::confirm>},
  }});
  return table;
}

Result<> EmailPages::there() const {
  if (desk_.settings.sign_up.email_change) return {};
  return fail(Kind::not_found, "There is no page at this address.");
}

Task<Result<>> EmailPages::may_change(AccountId account) {
  CO_TRY_VOID(there());
  if (desk_.ways == nullptr) co_return Result<>{};
  CO_TRY(const auto keeper, co_await desk_.ways->keeper_of_address(std::move(account)));
  if (keeper.empty()) co_return Result<>{};
  co_return fail(Kind::forbidden,
                 "Your e-mail address comes from " + keeper + " and is read there at each sign-in: change it there.");
}

std::string EmailPages::hash_of(const std::string& code) const {
  return desk_.key.keyed_hash(code, "identity.email_change");
}

Task<Result<Response>> EmailPages::form_page(Visit visit, FormData typed, FieldErrors errors) {
  const AccountId account = visit.session->account.id;
  struct Found {
    std::optional<store::EmailChange> wish;
    bool has_password = false;
  };
  CO_TRY(const Found found, co_await desk_.database.read([&](sql::Tx& tx) {
    const auto stored = identity::store::find(tx, account);
    return Found{store::email_change(tx, account), stored && !stored->password_hash.empty()};
  }));
  Html content = element("p", {Html("Your address is "), element("strong", {Html(visit.session->account.email)}),
                               Html(". We send a link to the new one; nothing changes before you follow it.")});
  std::vector<Message> messages;
  if (found.wish && found.wish->expires > desk_.clock.now()) {
    messages.push_back({Message::Level::info, Html(desk_.say("PENDING_EMAIL_CHANGE_REQUEST",
                                                             "You asked for a change to " + found.wish->email +
                                                                 " already. Asking again cancels that."))});
    content += form("/ui/email_change/cancel", desk_.token(visit), {submit("Keep my present address", true)});
  }
  Html inside = field({.name = "new_email_address",
                       .label = "New e-mail address",
                       .type = "email",
                       .value = std::string(typed.value("new_email_address")),
                       .autocomplete = "email",
                       .length_max = name_bytes_max},
                      errors);
  if (found.has_password)
    inside += field(
        {.name = "password", .label = "Your password", .type = "password", .autocomplete = "current-password"}, errors);
  inside += submit("Send the link");
  content += form("/ui/email_change", desk_.token(visit), {inside});
  co_return desk_.show(visit, {.title = "Change your e-mail address",
                               .content = content,
                               .messages = std::move(messages),
                               .status = errors.empty() ? 200 : 400});
}

Task<Result<Response>> EmailPages::wish_page(Request&, Visit visit) {
  CO_TRY_VOID(co_await may_change(visit.session->account.id));
  co_return co_await form_page(std::move(visit), {}, {});
}

void EmailPages::mail(sql::Tx& tx, MailKind kind, const Account& to, const std::string& mailbox,
                      const MailValues& values, const std::string& request_id) const {
  auto text = texts_.render(kind, values);
  (void)outbox_->enqueue(tx, {.what = std::string(to_string(kind)),
                              .to = {.name = called(to), .mailbox = mailbox},
                              .subject = std::move(text.subject),
                              .text = std::move(text.text),
                              .actor = to.id.text(),
                              .request_id = request_id});
}

Task<Result<>> EmailPages::note_wish(Session session, std::string email, std::string request_id) {
  const Account& account = session.account;
  const std::string key = name_key(email).value_or("");
  const Time now = desk_.clock.now();
  const std::string code = random_token(code_bytes);
  const auto days = desk_.settings.sign_up.email_change_valid;
  co_return co_await desk_.database.write([&](sql::Tx& tx) -> Result<> {
    if (!identity::store::lock_enabled(tx, account.id)) return fail(Kind::not_found, "Your account is disabled.");
    TRY_VOID(desk_.sessions.holds(session)(tx));
    const auto other = store::account_by_email(tx, key);
    const auto named = identity::store::find(tx, key);
    if ((other && *other != account.id) || (named && named->account.id != account.id))
      return fail(Kind::conflict, desk_.say("EMAIL_USED", used_text));
    const auto before = store::email_change(tx, account.id);
    if (before && now - before->requested < again_after)
      return fail(Kind::busy, "A mail was sent a moment ago; look for it, or try again in a minute.");
    store::keep_email_change(tx, {account.id, email, now, now + days}, hash_of(code));
    const MailValues values{{"user", called(account)}, {"old_email", account.email}, {"new_email", email}};
    MailValues with_link = values;
    with_link.emplace("url", desk_.public_url() + "/ui/email_change/confirm/" + code);
    with_link.emplace("days", std::to_string(days.count()));
    mail(tx, MailKind::email_change_new, account, email, with_link, request_id);
    if (!account.email.empty()) mail(tx, MailKind::email_change_old, account, account.email, values, request_id);
    life::store::insert(tx, {.at = now,
                             .account = account.id.text(),
                             .actor = account.id.text(),
                             .event = "account.email_change_asked",
                             .details = email});
    return {};
  });
}

Task<Result<Response>> EmailPages::wish(Request& request, Visit visit, FormData form) {
  CO_TRY_VOID(co_await may_change(visit.session->account.id));
  if (outbox_ == nullptr) co_return fail(Kind::unavailable, "no mail can be sent: set EMAIL_HOST or EMAIL_FILE_PATH");
  const Account account = visit.session->account;
  const std::string email(form.value("new_email_address"));
  FieldErrors errors;
  check_address(errors, form, "new_email_address");
  if (errors.empty() && name_key(email) == name_key(account.email))
    errors.emplace("new_email_address", "this is your address already");
  if (!errors.empty()) co_return co_await form_page(std::move(visit), std::move(form), std::move(errors));
  CO_TRY(const auto stored,
         co_await desk_.database.read([&](sql::Tx& tx) { return identity::store::find(tx, account.id); }));
  if (stored && !stored->password_hash.empty()) {
    const auto known = co_await desk_.identity.authenticate(account.id, form.secret("password"), request.remote);
    if (!known && known.error().kind() == Kind::unauthorized)
      co_return co_await form_page(std::move(visit), std::move(form), {{"password", "this is not your password"}});
    if (!known) co_return fail(known.error());
  }
  CO_TRY_VOID(desk_.allow_mail(request));
  const auto noted = co_await note_wish(*visit.session, email, request.id);
  if (!noted && noted.error().kind() == Kind::conflict)
    co_return co_await form_page(std::move(visit), std::move(form), {{"new_email_address", noted.error().sentence()}});
  if (!noted) co_return fail(noted.error());
  const Html content = element("p", {Html(desk_.say("EMAIL_CHANGE_REGISTERED",
                                                    "Your request for changing your email has been "
                                                    "registered successfully. A verification email will be "
                                                    "sent to your new address."))});
  co_return desk_.show(visit, {.title = "Look into your mail", .content = content});
}

Task<Result<Response>> EmailPages::cancel(Request&, Visit visit, FormData) {
  CO_TRY_VOID(there());
  const AccountId account = visit.session->account.id;
  CO_TRY_VOID(co_await desk_.database.write([&](sql::Tx& tx) { store::forget_email_change(tx, account); }));
  co_return desk_.go(visit, "/ui/profile?done=email_kept");
}

Task<Result<AccountId>> EmailPages::make_true(std::string code, std::optional<AccountId> visitor) {
  const auto unknown = [] { return fail(Kind::not_found, "This link is unknown, or it was used already."); };
  if (code.empty() || code.size() > code_text_max) co_return unknown();
  const Time now = desk_.clock.now();
  const std::string hash = hash_of(code);
  CO_TRY(auto changed, co_await desk_.database.write([&](sql::Tx& tx) -> Result<AccountId> {
    const auto wish = store::email_change_with(tx, hash);
    if (!wish) return unknown();
    if (visitor && *visitor != wish->account)
      return fail(Kind::forbidden, "This link belongs to another account than the one that you are signed in to.");
    const auto stored = identity::store::find_to_change(tx, wish->account);
    // What was read before the account's row was ours may be gone, or another wish by now.
    if (!stored || !stored->account.enabled || !store::take_email_change(tx, wish->account, hash)) return unknown();
    if (wish->expires <= now)
      return fail(Kind::invalid, desk_.say("INVALID_ACTIVATION_KEY", "Invalid activation key."));
    const auto after = amended(tx, stored->account, {.email = wish->email}, now);
    if (!after && after.error().kind() == Kind::conflict)
      return fail(Kind::conflict, desk_.say("EMAIL_RESERVED", reserved_text));
    if (!after) return fail(after.error());
    life::store::insert(tx, {.at = now,
                             .account = after->id.text(),
                             .actor = after->id.text(),
                             .event = "account.email_changed",
                             .details = stored->account.email + " -> " + after->email});
    return after->id;
  }));
  desk_.log.info("account.email_changed", {{"account", changed}});
  co_return changed;
}

Task<Result<Response>> EmailPages::confirm(Request& request, Visit visit) {
  CO_TRY_VOID(there());
  const auto visitor = visit.session ? std::optional(visit.session->account.id) : std::nullopt;
  CO_TRY_VOID(co_await make_true(request.parameters.at(0), visitor));
  co_return desk_.go(visit, visit.session ? "/ui/profile?done=email" : "/ui/login?done=email");
}

}  // namespace nephele::identity::pages
