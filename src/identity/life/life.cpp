// SPDX-License-Identifier: Apache-2.0
#include "identity/life/life.h"

#include <algorithm>
#include <utility>

#include "identity/account_name.h"
#include "identity/directory/store.h"
#include "identity/django_hash.h"
#include "identity/life/awake.h"
#include "identity/store.h"
#include "identity/tx.h"

namespace nephele::identity::life {

namespace {

namespace accounts = identity::store;

constexpr std::size_t code_bytes = 32, code_text_max = 128;
constexpr std::size_t terms_bytes_max = std::size_t{1024} * 1024;

std::unexpected<Error> no_account() {
  return fail(Kind::not_found, "no account has this id");
}

std::string code_hash(const SecretKey& key, const std::string& code) {
  return key.keyed_hash(code, "identity.activation");
}

void note(sql::Tx& tx, const AccountId& account, const std::string& actor, std::string event, std::string details,
          Time now) {
  store::insert(
      tx,
      {.at = now, .account = account.text(), .actor = actor, .event = std::move(event), .details = std::move(details)});
}

/// Nobody agrees to what he has not seen.
std::int64_t agreed_to(const store::Terms& latest, std::int64_t shown) {
  return shown <= 0 ? latest.id : std::min(shown, latest.id);
}

}  // namespace

AccountLife::AccountLife(sql::Database& database, Identity& identity, const quota::Quotas& quotas, const SecretKey& key,
                         const Clock& clock, const MailOutbox* outbox, const MailTexts& texts, Settings settings,
                         log::Logger log)
    : database_(database),
      identity_(identity),
      quotas_(quotas),
      key_(key),
      clock_(clock),
      outbox_(outbox),
      texts_(texts),
      settings_(std::move(settings)),
      log_(std::move(log)) {}

Result<> AccountLife::can_mail() const {
  if (outbox_ != nullptr) return {};
  return fail(Kind::unavailable,
              "no mail can be sent: set EMAIL_HOST (or EMAIL_FILE_PATH, a folder for mails) in /etc/synnefo");
}

void AccountLife::mail(sql::Tx& tx, MailKind kind, const MailAddress& to, const Account& account, MailValues values,
                       const std::string& request_id) const {
  auto text = texts_.render(kind, values);
  if (kind == MailKind::account_pending || kind == MailKind::account_activated)
    text.subject.insert(0, settings_.subject_prefix);
  (void)outbox_->enqueue(tx, {.what = std::string(to_string(kind)),
                              .to = to,
                              .subject = std::move(text.subject),
                              .text = std::move(text.text),
                              .actor = account.id.text(),
                              .request_id = request_id});
}

std::string AccountLife::new_code(sql::Tx& tx, const AccountId& account, Time now) const {
  std::string code = random_token(code_bytes);
  store::keep_activation(tx, account, code_hash(key_, code), now, now + settings_.activation_life);
  return code;
}

void AccountLife::mail_link(sql::Tx& tx, const Account& account, Time now, const std::string& request_id) const {
  const std::string url =
      settings_.base_url.text() + "/ui/activate?auth=" + new_code(tx, account.id, now) + "&next=/ui/";
  mail(tx, MailKind::activation, {.name = called(account), .mailbox = account.email}, account,
       {{"user", called(account)}, {"url", url}}, request_id);
}

Task<Result<std::pair<Account, std::string>>> AccountLife::drafted(NewAccount wanted, std::string remote) {
  if (wanted.email.empty()) co_return fail(Kind::invalid, "an account needs an e-mail address");
  CO_TRY_VOID(check_email(wanted.email));
  CO_TRY_VOID(check_name(wanted.email));
  CO_TRY_VOID(check_text("first name", wanted.first_name, 30));
  CO_TRY_VOID(check_text("last name", wanted.last_name, 30));
  std::string hash = std::move(wanted.password_hash);
  if (!hash.empty()) CO_TRY_VOID(check_django_hash(hash));
  if (wanted.password) {
    CO_TRY_VOID(check_password(*wanted.password));
    CO_TRY(hash, co_await identity_.hash_secret(*wanted.password, std::move(remote)));
  }
  const Time now = clock_.now();
  Account account{.id = AccountId(random_uuid()),
                  .name = name_key(wanted.email).value(),
                  .admin = wanted.admin,
                  .enabled = false,
                  .created = now,
                  .email = std::move(wanted.email),
                  .first_name = std::move(wanted.first_name),
                  .last_name = std::move(wanted.last_name),
                  .updated = now};
  co_return std::pair(std::move(account), std::move(hash));
}

Task<Result<Account>> AccountLife::sign_up(SignUp wanted) {
  if (!wanted.address_proved) CO_TRY_VOID(can_mail());
  CO_TRY(const auto made, co_await drafted({.name = {},
                                            .password = std::move(wanted.password),
                                            .email = wanted.email,
                                            .first_name = wanted.first_name,
                                            .last_name = wanted.last_name},
                                           wanted.remote));
  const auto& [draft, hash] = made;
  const std::string key = draft.name;
  const Time now = draft.created;
  CO_TRY(auto account, co_await database_.write([&](sql::Tx& tx) -> Result<Account> {
    Account account = draft;  // the transaction may run twice
    const auto latest = store::terms(tx);
    if (latest && !wanted.terms_agreed && !wanted.terms_later)
      return fail(
          Error(Kind::invalid, "Please, you need to 'Agree with the terms' before proceeding.").with("about", "terms"));
    for (const auto& before : store::unverified_with(tx, key)) store::remove_unverified(tx, before);
    if (accounts::insert(tx, account, {.name = key, .email = key}, hash) != accounts::Written::done)
      return fail(Kind::conflict, "There is already an account with this email address.");
    Life life;
    if (latest && wanted.terms_agreed) {
      life.terms = agreed_to(*latest, wanted.terms_shown);
      life.terms_at = now;
    }
    if (wanted.also) TRY_VOID(wanted.also(tx, account));
    if (wanted.address_proved) {
      life::verify(life, now);
      TRY_VOID(decide(tx, account, life, now));
    } else {
      life.activation_sent = now;
    }
    store::keep(tx, account.id, life, now);
    if (!wanted.address_proved) mail_link(tx, account, now, wanted.request_id);
    note(tx, account.id, account.id.text(), "account.signed_up", account.email, now);
    return accounts::find(tx, account.id).value().account;
  }));
  log_.info("account.signed_up", {{"account", account.id}});
  co_return account;
}

Task<Result<Account>> AccountLife::add(NewAccount wanted, std::vector<GroupId> groups, std::string actor) {
  CO_TRY(const auto made, co_await drafted(std::move(wanted), {}));
  const auto& [draft, hash] = made;
  CO_TRY(auto account, co_await database_.write([&](sql::Tx& tx) -> Result<Account> {
    Account account = draft;
    if (accounts::insert(tx, account, {.name = account.name, .email = account.name}, hash) != accounts::Written::done)
      return fail(Kind::conflict, "There is already an account with this email address.");
    for (const auto& group : groups) {
      if (!directory::store::group(tx, group)) return fail(Kind::not_found, "no group has this id");
      directory::store::add_member(tx, group, account.id);
    }
    store::keep(tx, account.id, {}, account.created);
    note(tx, account.id, actor, "account.added", account.email, account.created);
    return accounts::find(tx, account.id).value().account;
  }));
  log_.info("account.added", {{"account", account.id}, {"actor", actor}, {"admin", account.admin}});
  co_return account;
}

Task<Result<Account>> AccountLife::add_accepted(NewAccount wanted, std::string actor) {
  CO_TRY(const auto made, co_await drafted(std::move(wanted), {}));
  const auto& [draft, hash] = made;
  const Time now = draft.created;
  CO_TRY(auto account, co_await database_.write([&](sql::Tx& tx) -> Result<Account> {
    Account account = draft;
    if (accounts::insert(tx, account, {.name = account.name, .email = account.name}, hash) != accounts::Written::done)
      return fail(Kind::conflict, "There is already an account with this email address.");
    Life life;
    life::verify(life, now);
    TRY_VOID(admit(tx, quotas_, account, life, "manual", now));
    store::keep(tx, account.id, life, now);
    note(tx, account.id, actor, "account.added", account.email + " accepted", now);
    return accounts::find(tx, account.id).value().account;
  }));
  log_.info("account.added", {{"account", account.id}, {"actor", actor}, {"accepted", true}});
  co_return account;
}

Task<Result<Account>> AccountLife::send_activation(AccountId account, bool by_operator, std::string actor,
                                                   StillHolds holds) {
  CO_TRY_VOID(can_mail());
  const Time now = clock_.now();
  co_return co_await database_.write([&](sql::Tx& tx) -> Result<Account> {
    auto stored = accounts::find_to_change(tx, account);
    auto life = store::life(tx, account);
    if (!stored || !life) return no_account();
    if (holds) TRY_VOID(holds(tx));
    TRY_VOID(may_verify(*life));
    if (!by_operator && life->activation_sent && now - *life->activation_sent < settings_.resend_after)
      return fail(Kind::busy, "a mail was sent to you a moment ago; look for it, or try again in a minute");
    if (stored->account.email.empty()) return fail(Kind::conflict, "the account has no e-mail address");
    if (by_operator && settings_.moderation.sending_is_approval) life->approved = now;
    life->activation_sent = now;
    store::keep(tx, account, *life, now);
    mail_link(tx, stored->account, now, {});
    note(tx, account, actor, "account.activation_sent", stored->account.email, now);
    return std::move(stored->account);
  });
}

Result<> AccountLife::let_in(sql::Tx& tx, const Account& account, Life& life, std::string policy, Time now) const {
  TRY_VOID(admit(tx, quotas_, account, life, std::move(policy), now));
  if (outbox_ == nullptr || account.email.empty()) return {};
  const MailAddress owner{.name = called(account), .mailbox = account.email};
  mail(tx, MailKind::welcome, owner, account, {{"user", called(account)}, {"url", settings_.base_url.text() + "/ui/"}},
       {});
  for (const auto& administrator : settings_.administrators)
    mail(tx, MailKind::account_activated, administrator, account,
         {{"user", called(account)}, {"email", account.email}, {"id", std::to_string(account.number)}}, {});
  return {};
}

Result<Outcome> AccountLife::decide(sql::Tx& tx, const Account& account, Life& life, Time now) const {
  auto policy = accepting_policy(life, account.email, settings_.moderation);
  if (!policy && settings_.accepting_way) policy = settings_.accepting_way(tx, account.id);
  if (policy) {
    TRY_VOID(let_in(tx, account, life, std::move(*policy), now));
    return Outcome::activated;
  }
  if (outbox_ != nullptr)
    for (const auto& moderator : settings_.moderators)
      mail(tx, MailKind::account_pending, moderator, account,
           {{"user", called(account)},
            {"email", account.email},
            {"id", std::to_string(account.number)},
            {"url", settings_.base_url.text() + "/admin/user/" + std::to_string(account.number)}},
           {});
  return Outcome::pending_moderation;
}

Task<Result<std::pair<AccountId, Outcome>>> AccountLife::follow(std::string code) {
  using Answer = std::pair<AccountId, Outcome>;
  const auto unknown = [] { return fail(Kind::not_found, "Invalid or already used activation key."); };
  if (code.empty() || code.size() > code_text_max) co_return unknown();
  const Time now = clock_.now();
  const std::string hash = code_hash(key_, code);
  CO_TRY(auto answer, co_await database_.write([&](sql::Tx& tx) -> Result<Answer> {
    const auto account = store::account_with_activation(tx, hash, now);
    if (!account) return unknown();
    const auto stored = accounts::find_to_change(tx, *account);
    auto life = store::life(tx, *account);
    // What was read before the account's row was ours may be gone: another address ends the link to the one before.
    if (!stored || !life || store::account_with_activation(tx, hash, now) != account) return unknown();
    TRY_VOID(may_verify(*life));
    life::verify(*life, now);
    store::forget_activation(tx, *account);
    TRY(const auto outcome, decide(tx, stored->account, *life, now));
    store::keep(tx, *account, *life, now);
    note(tx, *account, account->text(), "account.verified", status_text(*life), now);
    return Answer(*account, outcome);
  }));
  log_.info("account.verified", {{"account", answer.first}, {"activated", answer.second == Outcome::activated}});
  co_return answer;
}

template <class Change>
Task<Result<Outcome>> AccountLife::changed(AccountId account, std::string actor, StillHolds holds, std::string event,
                                           Change change) {
  const Time now = clock_.now();
  CO_TRY(const auto outcome, co_await database_.write([&](sql::Tx& tx) -> Result<Outcome> {
    const auto stored = accounts::find_to_change(tx, account);
    auto life = store::life(tx, account);
    if (!stored || !life) return no_account();
    if (holds) TRY_VOID(holds(tx));
    TRY(auto result, change(tx, stored->account, *life, now));
    store::keep(tx, account, *life, now);
    if (!life->active) accounts::remove_tokens_of(tx, account);
    note(tx, account, actor, event, status_text(*life), now);
    return result;
  }));
  log_.info(event, {{"account", account}, {"actor", actor}});
  co_return outcome;
}

Task<Result<Outcome>> AccountLife::verify(AccountId account, std::string actor, StillHolds holds) {
  co_return co_await changed(account, std::move(actor), std::move(holds), "account.verified",
                             [this](sql::Tx& tx, const Account& who, Life& life, Time now) -> Result<Outcome> {
                               TRY_VOID(may_verify(life));
                               life::verify(life, now);
                               store::forget_activation(tx, who.id);
                               return decide(tx, who, life, now);
                             });
}

Task<Result<>> AccountLife::accept(AccountId account, std::string actor, StillHolds holds) {
  CO_TRY_VOID(co_await changed(account, std::move(actor), std::move(holds), "account.accepted",
                               [this](sql::Tx& tx, const Account& who, Life& life, Time now) -> Result<Outcome> {
                                 TRY_VOID(may_accept(life));
                                 TRY_VOID(let_in(tx, who, life, "manual", now));
                                 return Outcome::activated;
                               }));
  co_return Result<>{};
}

Task<Result<>> AccountLife::reject(AccountId account, std::string reason, std::string actor, StillHolds holds) {
  CO_TRY_VOID(check_text("reason", reason, 1024));
  CO_TRY_VOID(co_await changed(account, std::move(actor), std::move(holds), "account.rejected",
                               [&reason](sql::Tx&, const Account&, Life& life, Time now) -> Result<Outcome> {
                                 TRY_VOID(may_reject(life));
                                 life::reject(life, reason, now);
                                 return Outcome::pending_moderation;
                               }));
  co_return Result<>{};
}

Task<Result<>> AccountLife::activate(AccountId account, std::string actor, StillHolds holds) {
  CO_TRY_VOID(co_await changed(account, std::move(actor), std::move(holds), "account.activated",
                               [this](sql::Tx& tx, const Account& who, Life& life, Time now) -> Result<Outcome> {
                                 TRY_VOID(may_activate(life));
                                 TRY_VOID(wake(tx, quotas_, who.id, life, now));
                                 return Outcome::activated;
                               }));
  co_return Result<>{};
}

Task<Result<>> AccountLife::deactivate(AccountId account, std::string reason, std::string actor, StillHolds holds) {
  CO_TRY_VOID(check_text("reason", reason, 1024));
  CO_TRY_VOID(
      co_await changed(account, std::move(actor), std::move(holds), "account.deactivated",
                       [this, &reason](sql::Tx& tx, const Account& who, Life& life, Time now) -> Result<Outcome> {
                         TRY_VOID(may_deactivate(life));
                         TRY_VOID(put_to_sleep(tx, quotas_, who.id, life, reason, now));
                         return Outcome::pending_moderation;
                       }));
  co_return Result<>{};
}

Task<Result<Shown>> AccountLife::show(AccountId account) {
  co_return co_await database_.read([&](sql::Tx& tx) -> Result<Shown> {
    auto stored = accounts::find(tx, account);
    auto life = store::life(tx, account);
    if (!stored || !life) return no_account();
    return Shown{.account = std::move(stored->account), .life = std::move(*life)};
  });
}

Task<Result<std::int64_t>> AccountLife::add_terms(std::string location, std::string content) {
  if (content.find_first_not_of(" \t\r\n") == std::string::npos)
    co_return fail(Kind::invalid, location + " is empty; write the terms into it as HTML");
  CO_TRY_VOID(check_text("file of the terms", content, terms_bytes_max));
  const Time now = clock_.now();
  const std::string hash = sha256_hex(content);
  CO_TRY(const auto id, co_await database_.write([&](sql::Tx& tx) {
    const auto number = store::insert_terms(tx, location, content, hash, now);
    directory::store::changed(tx);  // tokens that were looked at before are looked at again
    note(tx, {}, "operator", "terms.added", std::to_string(number) + " " + location, now);
    return number;
  }));
  log_.info("terms.added", {{"id", id}});
  co_return id;
}

Task<Result<std::optional<store::Terms>>> AccountLife::terms() {
  co_return co_await database_.read([](sql::Tx& tx) { return store::terms(tx); });
}
Task<Result<std::optional<store::Terms>>> AccountLife::terms(std::int64_t id) {
  co_return co_await database_.read([&](sql::Tx& tx) { return store::terms(tx, id); });
}

Task<Result<>> AccountLife::agree(AccountId account, std::string actor, std::int64_t shown, StillHolds holds) {
  const Time now = clock_.now();
  co_return co_await database_.write([&](sql::Tx& tx) -> Result<> {
    const auto latest = store::terms(tx);
    const auto stored = accounts::find_to_change(tx, account);
    auto life = store::life(tx, account);
    if (!stored || !life) return no_account();
    if (holds) TRY_VOID(holds(tx));
    if (!latest) return fail(Kind::conflict, "There are no terms of service to approve.");
    life->terms = std::max(life->terms, agreed_to(*latest, shown));
    life->terms_at = now;
    store::keep(tx, account, *life, now);
    note(tx, account, actor, "terms.agreed", std::to_string(life->terms), now);
    return {};
  });
}

bool AccountLife::must_agree(const Life& life, const std::optional<store::Terms>& latest) {
  return latest && life.terms < latest->id;
}

}  // namespace nephele::identity::life
