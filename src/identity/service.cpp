// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "identity/account_name.h"
#include "identity/address_group.h"
#include "identity/identity.h"
#include "identity/migrations.h"
#include "identity/sign_ins.h"

namespace nephele::identity {

namespace {

constexpr std::size_t page_items_max = 1000;
constexpr std::size_t token_bytes = 32;
constexpr std::size_t token_text_max = 128;

std::unexpected<Error> refused() {
  return fail(Kind::unauthorized, "no account has this name and password, or it is disabled");
}
std::unexpected<Error> refused_token() {
  return fail(Kind::unauthorized, "the token is unknown, revoked or expired; sign in again");
}
std::unexpected<Error> no_account() {
  return fail(Kind::not_found, "no account has this name; `nephele account list` shows all");
}

}  // namespace

class Identity::Impl {
 public:
  Impl(sql::Database& db, const SecretKey& secret_key, const Clock& time, const Settings& wanted, log::Logger logger)
      : database(db),
        key(secret_key),
        clock(time),
        settings(wanted),
        log(std::move(logger)),
        sign_ins(settings, passwords, clock, log) {}

  /// A name that no account can have is answered without the database.
  Task<Result<std::optional<store::Stored>>> find(std::string name) {
    if (name.empty()) co_return std::nullopt;
    co_return co_await database.read([&](sql::Tx& tx) { return store::find(tx, name); });
  }
  std::string token_hash(const Secret& token) const { return key.keyed_hash(token.reveal(), "identity.token"); }

  sql::Database& database;
  const SecretKey& key;
  const Clock& clock;
  Settings settings;
  log::Logger log;
  Argon2 passwords;
  SignIns sign_ins;
};

Identity::Identity(sql::Database& database, const SecretKey& key, const Clock& clock, Settings settings,
                   log::Logger log)
    : impl_(std::make_unique<Impl>(database, key, clock, settings, std::move(log))) {}

Identity::~Identity() = default;

std::span<const sql::Migration> Identity::migrations() {
  return all_migrations;
}

Figures Identity::figures() const {
  return impl_->sign_ins.figures();
}

Task<Result<Account>> Identity::authenticate(std::string name, Secret password, std::string remote_address) {
  SignIn sign_in;
  sign_in.name_key = name_key(name).value_or("");
  sign_in.digest = impl_->key.keyed_hash(password.reveal(), "identity.verified:" + sign_in.name_key);
  CO_TRY(sign_in.stored, co_await impl_->find(sign_in.name_key));
  if (impl_->sign_ins.verified(sign_in)) co_return std::move(sign_in.stored->account);

  sign_in.password = std::move(password);
  sign_in.address_group = address_group(remote_address);
  const auto shared = std::make_shared<const SignIn>(std::move(sign_in));
  CO_TRY(const Verdict verdict, co_await impl_->sign_ins.verify(shared));
  if (verdict == Verdict::wrong) co_return refused();
  // That took a while: what was disabled or changed meanwhile holds.
  CO_TRY(const auto now, co_await impl_->find(shared->name_key));
  if (!now || !now->account.enabled || now->password_hash != shared->stored->password_hash) co_return refused();
  co_return now->account;
}

Task<Result<Account>> Identity::authenticate_token(Secret token) {
  if (token.empty() || token.reveal().size() > token_text_max) co_return refused_token();
  const std::string hash = impl_->token_hash(token);
  const Time now = impl_->clock.now();
  CO_TRY(auto owner, co_await impl_->database.read([&](sql::Tx& tx) { return store::owner(tx, hash, now); }));
  if (!owner) co_return refused_token();
  co_return std::move(*owner);
}

Task<Result<IssuedToken>> Identity::issue_token(AccountId account) {
  const Time now = impl_->clock.now();
  IssuedToken issued{.id = TokenId(random_uuid()),
                     .token = Secret(to_base64url(random_bytes(token_bytes))),
                     .expires = now + impl_->settings.token_life};
  const store::NewToken row{
      .id = issued.id, .account = account, .hash = impl_->token_hash(issued.token), .expires = issued.expires};
  CO_TRY_VOID(co_await impl_->database.write([&](sql::Tx& tx) -> Result<> {
    if (!store::lock_enabled(tx, account)) return fail(Kind::not_found, "no enabled account has this id");
    store::insert(tx, row);
    store::tidy_tokens(tx, account, std::max<std::size_t>(impl_->settings.tokens_per_account, 1), now);
    return {};
  }));
  co_return issued;
}

Task<Result<>> Identity::revoke_token(TokenId token) {
  co_return co_await impl_->database.write([&](sql::Tx& tx) { store::remove(tx, token); });
}

Task<Result<Account>> Identity::create(std::string name, Secret password, bool admin) {
  CO_TRY_VOID(check_name(name));
  CO_TRY_VOID(check_password(password));
  const Account account{.id = AccountId(random_uuid()), .name = name, .admin = admin, .created = impl_->clock.now()};
  const std::string key = name_key(name).value();
  CO_TRY(const std::string hash, co_await impl_->sign_ins.hash(std::move(password)));
  CO_TRY_VOID(co_await impl_->database.write([&](sql::Tx& tx) -> Result<> {
    if (store::insert(tx, account, key, hash)) return {};
    return fail(Kind::conflict, fmt::format("an account \"{}\" exists already; take another name", name));
  }));
  impl_->log.info("account.created", {{"account", account.id}, {"admin", admin}});
  co_return account;
}

Task<Result<std::vector<Account>>> Identity::list(std::string after, std::size_t limit) {
  if (!after.empty()) {
    CO_TRY_VOID(check_name(after));
  }
  const std::string key = name_key(after).value_or("");
  const std::size_t items = std::clamp<std::size_t>(limit, 1, page_items_max);
  co_return co_await impl_->database.read([&](sql::Tx& tx) { return store::page(tx, key, items); });
}

Task<Result<Account>> Identity::find(std::string name) {
  CO_TRY(auto stored, co_await impl_->find(name_key(name).value_or("")));
  if (!stored) co_return no_account();
  co_return std::move(stored->account);
}

Task<Result<>> Identity::set_enabled(std::string name, bool enabled) {
  const auto key = name_key(name);
  if (!key) co_return no_account();
  CO_TRY(const AccountId account, co_await impl_->database.write([&](sql::Tx& tx) -> Result<AccountId> {
    auto id = store::set_enabled(tx, *key, enabled);
    if (!id) return no_account();
    if (!enabled) store::remove_tokens_of(tx, *id);
    return std::move(*id);
  }));
  impl_->log.info(enabled ? "account.enabled" : "account.disabled", {{"account", account}});
  co_return Result<>{};
}

Task<Result<>> Identity::set_password(std::string name, Secret password) {
  CO_TRY_VOID(check_password(password));
  const auto key = name_key(name);
  if (!key) co_return no_account();
  CO_TRY(const std::string hash, co_await impl_->sign_ins.hash(std::move(password)));
  CO_TRY(const AccountId account, co_await impl_->database.write([&](sql::Tx& tx) -> Result<AccountId> {
    auto id = store::set_password(tx, *key, hash);
    if (!id) return no_account();
    store::remove_tokens_of(tx, *id);
    return std::move(*id);
  }));
  impl_->log.info("account.new_password", {{"account", account}});
  co_return Result<>{};
}

Task<Result<bool>> Identity::empty() {
  co_return co_await impl_->database.read([&](sql::Tx& tx) { return !store::any(tx); });
}

}  // namespace nephele::identity
