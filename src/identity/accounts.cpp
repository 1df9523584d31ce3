// SPDX-License-Identifier: Apache-2.0
// Accounts with all that they may have: made, changed, removed, listed.
#include <fmt/format.h>

#include <algorithm>

#include "identity/amend.h"
#include "identity/directory/store.h"
#include "identity/django_hash.h"
#include "identity/impl.h"
#include "identity/life/awake.h"
#include "identity/life/store.h"
#include "identity/projects/going.h"

namespace nephele::identity {

namespace {

constexpr std::size_t page_items_max = 1000;
constexpr std::size_t person_bytes_max = 255;
constexpr std::size_t description_bytes_max = 4096;
constexpr std::size_t project_bytes_max = 64;

std::unexpected<Error> no_account() {
  return fail(Kind::not_found, "no account has this id");
}

Result<> conclude(store::Written written, const Account& account) {
  switch (written) {
    case store::Written::done:
      return {};
    case store::Written::name_taken:
      return fail(Kind::conflict, fmt::format("an account \"{}\" exists already; take another name", account.name));
    case store::Written::email_taken:
      break;
  }
  return fail(Kind::conflict, "another account has this e-mail address");
}

/// In the transaction that it tells of. Changes of a password are told, its text never.
void note(sql::Tx& tx, const std::string& actor, const Account& account, std::string event, std::string details) {
  if (actor.empty()) return;
  life::store::insert(tx, {.at = account.updated,
                           .account = account.id.text(),
                           .actor = actor,
                           .event = std::move(event),
                           .details = std::move(details)});
}

std::string words_of(const AccountChange& change) {
  std::string out;
  const auto add = [&out](bool given, const std::string& word) {
    if (given) out += (out.empty() ? "" : ", ") + word;
  };
  const auto flag = [](bool value) { return std::string(value ? "True" : "False"); };
  add(change.name.has_value(), "name=" + change.name.value_or(""));
  add(change.email.has_value(), "email=" + change.email.value_or(""));
  add(change.password || !change.password_hash.empty(), "password");
  add(change.admin.has_value(), "admin=" + flag(change.admin.value_or(false)));
  add(change.enabled.has_value(), "enabled=" + flag(change.enabled.value_or(false)));
  add(change.first_name || change.last_name, "names");
  add(change.description.has_value(), "description");
  add(change.default_project.has_value(), "default project");
  return out;
}

/// The checks of create() and change(), on what is given.
Result<store::Keys> keys_of(const Account& account) {
  TRY_VOID(check_name(account.name));
  TRY_VOID(check_email(account.email));
  TRY_VOID(check_text("first name", account.first_name, person_bytes_max));
  TRY_VOID(check_text("last name", account.last_name, person_bytes_max));
  TRY_VOID(check_text("description", account.description, description_bytes_max));
  TRY_VOID(check_text("id of the default project", account.default_project.text(), project_bytes_max));
  return store::Keys{.name = sign_in_key(account.domain.text(), account.name).value(),
                     .email = name_key(account.email).value_or("")};
}

template <class T>
void take(std::optional<T>& from, T& into) {
  if (from) into = std::move(*from);
}

/// The new name of who signs in by the address that changes.
std::optional<std::string> name_by_address(const Account& before, const AccountChange& change) {
  if (change.name || !change.email || change.email->empty() || before.email.empty()) return std::nullopt;
  if (name_key(before.name) != name_key(before.email)) return std::nullopt;
  return name_key(*change.email).value_or(*change.email);
}

}  // namespace

Result<Account> amended(sql::Tx& tx, Account before, AccountChange change, Time now) {
  if (auto name = name_by_address(before, change)) change.name = std::move(name);
  Account after = std::move(before);
  take(change.name, after.name);
  take(change.admin, after.admin);
  take(change.email, after.email);
  take(change.first_name, after.first_name);
  take(change.last_name, after.last_name);
  take(change.description, after.description);
  take(change.default_project, after.default_project);
  after.updated = now;
  ++after.version;
  TRY(const auto keys, keys_of(after));
  TRY_VOID(conclude(store::update(tx, after, keys), after));
  return after;
}

void note_change(sql::Tx& tx, const Account& after, const AccountChange& change) {
  note(tx, change.actor, after, "account.changed", words_of(change));
}

Task<Result<Account>> Identity::create(std::string name, Secret password, bool admin) {
  co_return co_await create({.name = std::move(name), .password = std::move(password), .admin = admin});
}

Task<Result<Account>> Identity::create(NewAccount wanted) {
  Account account{.id = AccountId(random_uuid()),
                  .name = std::move(wanted.name),
                  .admin = wanted.admin,
                  .enabled = wanted.enabled,
                  .created = impl_->clock.now(),
                  .domain = std::move(wanted.domain),
                  .email = std::move(wanted.email),
                  .first_name = std::move(wanted.first_name),
                  .last_name = std::move(wanted.last_name),
                  .description = std::move(wanted.description),
                  .default_project = std::move(wanted.default_project),
                  .updated = impl_->clock.now()};
  CO_TRY(const auto keys, keys_of(account));
  std::string hash = std::move(wanted.password_hash);
  if (!hash.empty()) CO_TRY_VOID(check_django_hash(hash));
  if (wanted.password) {
    CO_TRY_VOID(check_password(*wanted.password));
    CO_TRY(hash, co_await impl_->sign_ins.hash(std::move(*wanted.password)));
  }
  CO_TRY_VOID(co_await impl_->database.write([&](sql::Tx& tx) -> Result<> {
    if (!directory::store::domain(tx, account.domain)) return fail(Kind::not_found, "no domain has this id");
    TRY_VOID(conclude(store::insert(tx, account, keys, hash), account));
    note(tx, wanted.actor, account, "account.created", account.admin ? account.name + " admin" : account.name);
    return {};
  }));
  impl_->log.info("account.created", {{"account", account.id}, {"admin", account.admin}});
  co_return account;
}

Task<Result<Account>> Identity::find(AccountId account) {
  CO_TRY(auto stored, co_await impl_->database.read([&](sql::Tx& tx) { return store::find(tx, account); }));
  if (!stored) co_return no_account();
  co_return std::move(stored->account);
}

Task<Result<Account>> Identity::change(AccountId account, AccountChange change) {
  std::string hash = change.password_hash;
  if (!hash.empty()) CO_TRY_VOID(check_django_hash(hash));
  if (change.password) {
    CO_TRY_VOID(check_password(*change.password));
    CO_TRY(hash, co_await impl_->sign_ins.hash(std::move(*change.password)));
  }
  const Time now = impl_->clock.now();
  CO_TRY(auto changed, co_await impl_->database.write([&](sql::Tx& tx) -> Result<Account> {
    auto stored = store::find_to_change(tx, account);
    if (!stored) return no_account();
    if (change.holds) TRY_VOID(change.holds(tx));
    TRY(auto after, amended(tx, std::move(stored->account), change, now));
    if (!hash.empty()) {
      store::set_password(tx, account, hash);
      store::remove_tokens_of(tx, account);
    }
    note_change(tx, after, change);
    if (!change.enabled) return after;
    TRY_VOID(life::turn(tx, impl_->quotas, after, *change.enabled, now));
    return store::find(tx, account).value().account;
  }));
  impl_->log.info("account.changed", {{"account", account}, {"enabled", changed.enabled}, {"password", !hash.empty()}});
  co_return changed;
}

Task<Result<>> Identity::remove(AccountId account, std::string actor) {
  const Time now = impl_->clock.now();
  CO_TRY_VOID(co_await impl_->database.write([&](sql::Tx& tx) -> Result<> {
    auto stored = store::find_to_change(tx, account);
    if (!stored) return no_account();
    TRY_VOID(projects::end_applications(tx, impl_->quotas, account, now));
    if (!store::remove(tx, account)) return no_account();
    stored->account.updated = now;
    note(tx, actor, stored->account, "account.removed", stored->account.name);
    return {};
  }));
  impl_->log.info("account.removed", {{"account", account}});
  co_return Result<>{};
}

Task<Result<std::vector<Account>>> Identity::list(AccountFilter filter) {
  if (!filter.name.empty()) {
    const auto key = name_key(filter.name);
    if (!key) co_return std::vector<Account>{};
    filter.name = *key;
  }
  filter.email = name_key(filter.email).value_or(filter.email);
  filter.limit = std::clamp<std::size_t>(filter.limit, 1, page_items_max);
  co_return co_await impl_->database.read([&](sql::Tx& tx) -> Result<std::vector<Account>> {
    std::int64_t after = 0;
    if (!filter.after.empty()) {
      const auto number = store::number_of(tx, filter.after);
      if (!number) return fail(Kind::not_found, "no account has the id of the marker");
      after = *number;
    }
    return store::page(tx, filter, after);
  });
}

}  // namespace nephele::identity
