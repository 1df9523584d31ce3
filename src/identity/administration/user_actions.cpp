// SPDX-License-Identifier: Apache-2.0
#include "identity/administration/user_actions.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"
#include "base/secret.h"
#include "identity/account_name.h"
#include "identity/amend.h"
#include "identity/pages/password.h"
#include "identity/pages/store.h"
#include "identity/store.h"

namespace nephele::identity::administration {

namespace {

constexpr std::size_t subject_bytes_max = 200, text_bytes_max = std::size_t{32} * 1024, password_bytes = 32;

std::unexpected<Error> no_user(const AccountId& user) {
  return fail(Kind::not_found, "no user has the id " + user.text());
}

void note(sql::Tx& tx, Time now, const AccountId& user, const std::string& actor, std::string event,
          std::string details) {
  life::store::insert(
      tx,
      {.at = now, .account = user.text(), .actor = actor, .event = std::move(event), .details = std::move(details)});
}

/// The user, whose row is the transaction's from now on. Fails as `holds` does, and with `conflict` and `otherwise`
/// where the action does not apply to him.
Result<identity::store::Stored> to_change(sql::Tx& tx, const AccountId& user, const StillHolds& holds,
                                          UserAction action, std::string otherwise) {
  auto stored = identity::store::find_to_change(tx, user);
  const auto life = life::store::life(tx, user);
  if (!stored || !life) return no_user(user);
  TRY_VOID(holds(tx));
  std::vector<std::string> modules;
  for (const auto& way : ways::store::ways_of(tx, user)) modules.push_back(way.module);
  if (!applies(action, *life, modules)) return fail(Kind::conflict, std::move(otherwise));
  return std::move(*stored);
}

}  // namespace

std::string addressed(std::string_view text, const Account& account) {
  const std::array<std::pair<std::string_view, std::string>, 4> values{{{"full_name", full_name(account)},
                                                                        {"first_name", account.first_name},
                                                                        {"last_name", account.last_name},
                                                                        {"email", account.email}}};
  std::string out;
  while (!text.empty()) {
    const auto open = text.find("{{");
    const auto close = open == std::string_view::npos ? open : text.find("}}", open);
    if (close == std::string_view::npos) break;
    const auto name = ascii::trimmed(text.substr(open + 2, close - open - 2));
    out += text.substr(0, open);
    bool known = false;
    for (const auto& [key, value] : values)
      if (key == name) {
        out += value;
        known = true;
      }
    if (!known) out += text.substr(open, close + 2 - open);
    text.remove_prefix(close + 2);
  }
  return out += text;
}

UserActions::UserActions(pages::Desk& desk, const MailOutbox* outbox, const MailTexts& texts,
                         const Precedence& precedence)
    : desk_(desk),
      life_(desk.life),
      database_(desk.database),
      clock_(desk.clock),
      outbox_(outbox),
      texts_(texts),
      precedence_(precedence) {}

Task<Result<AccountId>> UserActions::find(std::string wanted) {
  CO_TRY(auto found,
         co_await database_.read([&](sql::Tx& tx) { return identity::store::meant_by_administrator(tx, wanted); }));
  if (!found) co_return fail(Kind::not_found, "no user has the id " + wanted);
  co_return std::move(found->id);
}

Task<Result<>> UserActions::set_email(AccountId user, std::string email, std::string actor, StillHolds holds) {
  const AccountChange change{.email = std::move(email), .actor = std::move(actor)};
  const Time now = clock_.now();
  co_return co_await database_.write([&](sql::Tx& tx) -> Result<> {
    TRY(auto stored,
        to_change(tx, user, holds, UserAction::set_email, "the address of an active account is its owner's to change"));
    TRY(const auto after, amended(tx, std::move(stored.account), change, now));
    note_change(tx, after, change);
    return {};
  });
}

Result<> UserActions::may_mail() const {
  if (outbox_ != nullptr) return {};
  return fail(Kind::unavailable, "no mail can be sent: set EMAIL_HOST (or EMAIL_FILE_PATH, a folder for mails)");
}

Task<Result<>> UserActions::modify_email(AccountId user, std::string email, std::string actor, StillHolds holds) {
  CO_TRY_VOID(may_mail());
  CO_TRY_VOID(check_email(email));
  if (email.empty() || !name_key(email)) co_return fail(Kind::invalid, "\"data\" is the new e-mail address");
  std::string keeper;
  if (desk_.ways != nullptr) {
    CO_TRY(keeper, co_await desk_.ways->keeper_of_address(user));
  }
  if (!keeper.empty()) co_return fail(Kind::conflict, "the address comes from " + keeper + "; change it there");
  const Time now = clock_.now();
  co_return co_await database_.write([&](sql::Tx& tx) -> Result<> {
    TRY(auto stored, to_change(tx, user, holds, UserAction::modify_email,
                               "the account is not in use; set_email changes the address of such a one"));
    const std::string before = stored.account.email;
    TRY(const auto after, amended(tx, std::move(stored.account), {.email = email}, now));
    if (!before.empty()) {
      auto text = texts_.render(MailKind::email_change_old,
                                {{"user", called(after)}, {"old_email", before}, {"new_email", email}});
      (void)outbox_->enqueue(tx, {.what = std::string(to_string(MailKind::email_change_old)),
                                  .to = {.name = called(after), .mailbox = before},
                                  .subject = std::move(text.subject),
                                  .text = std::move(text.text),
                                  .actor = actor});
    }
    note(tx, now, user, actor, "account.email_changed", before + " -> " + email);
    return {};
  });
}

Task<Result<>> UserActions::enable_local(AccountId user, std::string actor, StillHolds holds) {
  CO_TRY_VOID(may_mail());
  if (!desk_.offers(ways::local))
    co_return fail(Kind::conflict, "ASTAKOS_IM_MODULES does not name 'local': nobody signs in by a password");
  // Nobody's, until he has chosen his own.
  CO_TRY(const std::string hash, co_await desk_.identity.hash_secret(Secret(random_token(password_bytes))));
  const Time now = clock_.now();
  co_return co_await database_.write([&](sql::Tx& tx) -> Result<> {
    TRY_VOID(to_change(tx, user, holds, UserAction::enable_local,
                       "the user has a password already, or cannot sign in: activate him first"));
    const auto account = identity::store::replace_password(tx, user, hash);
    if (!account) return no_user(user);
    if (account->email.empty()) return fail(Kind::conflict, "the user has no e-mail address for the link");
    if (desk_.ways != nullptr) desk_.ways->join_groups(tx, user, std::string(ways::local));
    pages::mail_reset_link(tx, desk_, *outbox_, texts_, *account);
    note(tx, now, user, actor, "way.added", std::string(ways::local));
    return {};
  });
}

Task<Result<>> UserActions::release_shibboleth(AccountId user, std::string actor, StillHolds holds) {
  if (desk_.ways == nullptr) co_return fail(Kind::conflict, "there are no ways to sign in beside the password");
  const auto& book = desk_.ways->book();
  const Time now = clock_.now();
  co_return co_await database_.write([&](sql::Tx& tx) -> Result<> {
    if (!identity::store::find_to_change(tx, user)) return no_user(user);
    TRY_VOID(holds(tx));
    const auto all = ways::store::ways_of(tx, user);
    const auto is_federation = [](const ways::Way& way) { return way.module == "shibboleth"; };
    if (std::ranges::none_of(all, is_federation)) return fail(Kind::conflict, "the user does not come by Shibboleth");
    auto left = all;
    std::erase_if(left, is_federation);
    if (!ways::any_usable(left, book))
      return fail(Kind::conflict, "the user would have no way to sign in any more; enable_local gives him one");
    for (const auto& way : all) {
      if (!is_federation(way)) continue;
      ways::store::remove(tx, way.id);
      note(tx, now, user, actor, "way.removed", way.module + " " + way.identifier);
    }
    identity::store::remove_tokens_of(tx, user);  // whoever came by it is out
    return {};
  });
}

Task<Result<>> UserActions::contact(AccountId user, ActionData mail, std::string actor) {
  CO_TRY_VOID(may_mail());
  if (mail.subject.empty() || mail.text.empty()) co_return fail(Kind::invalid, "a mail needs a subject and a text");
  CO_TRY_VOID(check_text("subject", mail.subject, subject_bytes_max));
  if (mail.text.size() > text_bytes_max) co_return fail(Kind::invalid, "the text of the mail is over 32 KiB");
  const Time now = clock_.now();
  co_return co_await database_.write([&](sql::Tx& tx) -> Result<> {
    const auto stored = identity::store::find(tx, user);
    if (!stored) return no_user(user);
    const auto& account = stored->account;
    if (account.email.empty()) return fail(Kind::conflict, "the user has no e-mail address");
    auto text = texts_.render(MailKind::contact, {{"user", called(account)},
                                                  {"subject", addressed(mail.subject, account)},
                                                  {"message", addressed(mail.text, account)}});
    (void)outbox_->enqueue(tx, {.what = std::string(to_string(MailKind::contact)),
                                .to = {.name = called(account), .mailbox = account.email},
                                .subject = std::move(text.subject),
                                .text = std::move(text.text),
                                .actor = account.id.text()});
    note(tx, now, user, actor, "account.contacted", mail.subject);
    return {};
  });
}

Task<Result<>> UserActions::act(UserAction action, std::string wanted, ActionData data, std::string actor) {
  CO_TRY(auto user, co_await find(std::move(wanted)));
  co_return co_await act(action, std::move(user), std::move(data), std::move(actor));
}

Task<Result<>> UserActions::act(UserAction action, AccountId user, ActionData data, std::string actor) {
  auto holds = precedence_.holds(AccountId(actor), user, action);
  switch (action) {
    case UserAction::activate:
      co_return co_await life_.activate(std::move(user), std::move(actor), std::move(holds));
    case UserAction::deactivate:
      co_return co_await life_.deactivate(std::move(user), std::move(data.text), std::move(actor), std::move(holds));
    case UserAction::accept:
      co_return co_await life_.accept(std::move(user), std::move(actor), std::move(holds));
    case UserAction::reject:
      co_return co_await life_.reject(std::move(user), std::move(data.text), std::move(actor), std::move(holds));
    case UserAction::verify: {
      CO_TRY_VOID(co_await life_.verify(std::move(user), std::move(actor), std::move(holds)));
      co_return Result<>{};
    }
    case UserAction::resend_verification: {
      CO_TRY_VOID(co_await life_.send_activation(std::move(user), true, std::move(actor), std::move(holds)));
      co_return Result<>{};
    }
    case UserAction::set_email:
      co_return co_await set_email(std::move(user), std::move(data.text), std::move(actor), std::move(holds));
    case UserAction::modify_email:
      co_return co_await modify_email(std::move(user), std::move(data.text), std::move(actor), std::move(holds));
    case UserAction::enable_local:
      co_return co_await enable_local(std::move(user), std::move(actor), std::move(holds));
    case UserAction::release_shibboleth:
      co_return co_await release_shibboleth(std::move(user), std::move(actor), std::move(holds));
    case UserAction::contact:
      co_return co_await contact(std::move(user), std::move(data), std::move(actor));
  }
  co_return fail(Kind::internal, "an action without a deed");
}

}  // namespace nephele::identity::administration
