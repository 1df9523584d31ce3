// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "identity/address_group.h"
#include "identity/django_hash.h"
#include "identity/impl.h"
#include "identity/life/awake.h"
#include "identity/life/store.h"
#include "identity/migrations.h"

namespace nephele::identity {

namespace {

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

/// What is done by an account's name is done at this machine's keyboard.
void note(sql::Tx& tx, const AccountId& account, std::string event, Time now, std::string actor = "operator") {
  life::store::insert(
      tx, {.at = now, .account = account.text(), .actor = std::move(actor), .event = std::move(event), .details = {}});
}

}  // namespace

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

Task<Result<Account>> Identity::authenticate(std::string name, Secret password, std::string remote_address,
                                             DomainId domain) {
  const std::string key = sign_in_key(domain.text(), name).value_or("");
  CO_TRY(auto stored, co_await impl_->find(key));
  co_return co_await impl_->authenticate(key, std::move(stored), std::move(password), std::move(remote_address));
}

Task<Result<Account>> Identity::authenticate(AccountId account, Secret password, std::string remote_address) {
  CO_TRY(auto key, co_await impl_->database.read([&](sql::Tx& tx) { return store::key_of(tx, account); }));
  if (!key) key = std::string(domain_mark) + account.text();  // nobody's
  CO_TRY(auto stored, co_await impl_->find(*key));
  co_return co_await impl_->authenticate(std::move(*key), std::move(stored), std::move(password),
                                         std::move(remote_address));
}

Task<Result<Account>> Identity::Impl::authenticate(std::string name, std::optional<store::Stored> stored,
                                                   Secret password, std::string remote_address) {
  SignIn sign_in;
  sign_in.name_key = std::move(name);
  sign_in.digest = key.keyed_hash(password.reveal(), "identity.verified:" + sign_in.name_key);
  if (stored && !stored->password_hash.empty()) sign_in.stored = std::move(stored);
  if (sign_ins.verified(sign_in)) co_return std::move(sign_in.stored->account);

  sign_in.password = std::move(password);
  sign_in.address_group = address_group(remote_address);
  CO_TRY(sign_in.dearest, co_await database.read([](sql::Tx& tx) { return store::dearest(tx); }));
  const auto shared = std::make_shared<const SignIn>(std::move(sign_in));
  CO_TRY(const Verdict verdict, co_await sign_ins.verify(shared));
  // Also of names that nobody has: what is written tells no guesser by its time which ones there are.
  if (verdict == Verdict::slowed)
    co_await note_slowed(shared->stored ? shared->stored->account.id : AccountId(), remote_address);
  if (verdict != Verdict::right) co_return refused();
  // That took a while: what was disabled or changed meanwhile holds.
  CO_TRY(const auto now, co_await find(shared->name_key));
  if (!now || !now->account.enabled) co_return refused();
  const std::string& judged = shared->stored->password_hash;
  const bool was_django = is_django_hash(judged);
  // A better hash of the same password, which another sign-in has written, is no change of it.
  const bool same = now->password_hash == judged || (was_django && !is_django_hash(now->password_hash) &&
                                                     now->account.version == shared->stored->account.version);
  if (!same) co_return refused();
  if (was_django && now->password_hash == judged) co_await upgrade(now->account, shared->password, judged);
  co_return now->account;
}

Task<> Identity::Impl::note_slowed(AccountId account, std::string remote_address) {
  const Time now = clock.now();
  const auto noted =
      co_await database.write([&](sql::Tx& tx) { life::store::insert_slowed(tx, account, remote_address, now); });
  if (!noted) log.warn("audit.not_noted", {{"account", account}, {"reason", noted.error().sentence()}});
}

/// Whatever goes wrong here, he is signed in: the next sign-in tries again.
Task<> Identity::Impl::upgrade(Account account, Secret password, std::string judged) {
  Result<> done;
  if (const auto hash = co_await sign_ins.hash(std::move(password)))
    done = co_await database.write([&](sql::Tx& tx) { store::upgrade_password(tx, account.id, judged, *hash); });
  else
    done = fail(hash.error());
  if (done)
    log.info("account.hash_upgraded", {{"account", account.id}});
  else
    log.warn("account.hash_not_upgraded", {{"account", account.id}, {"reason", done.error().sentence()}});
}

Task<Result<>> Identity::check_secret(std::string subject, std::string hash, Secret secret,
                                      std::string remote_address) {
  std::optional<store::Stored> stored;
  if (!hash.empty()) stored = store::Stored{.account = {.id = AccountId(subject)}, .password_hash = std::move(hash)};
  SignIn sign_in{.stored = std::move(stored),
                 .password = {},
                 .name_key = std::string(domain_mark) + subject,
                 .digest = impl_->key.keyed_hash(secret.reveal(), "identity.verified:" + subject),
                 .address_group = address_group(remote_address)};
  if (impl_->sign_ins.verified(sign_in)) co_return Result<>{};
  sign_in.password = std::move(secret);
  const auto shared = std::make_shared<const SignIn>(std::move(sign_in));
  CO_TRY(const Verdict verdict, co_await impl_->sign_ins.verify(shared));
  if (verdict != Verdict::right) co_return refused();
  co_return Result<>{};
}

Task<Result<std::string>> Identity::hash_secret(Secret secret, std::string remote_address) {
  co_return co_await impl_->sign_ins.hash(std::move(secret),
                                          remote_address.empty() ? std::string() : address_group(remote_address));
}

std::string Identity::token_hash(const Secret& token) const {
  if (token.empty() || token.reveal().size() > token_text_max) return {};
  return impl_->token_hash(token);
}

Task<Result<Token>> Identity::authenticate_token(Secret token) {
  const std::string hash = token_hash(token);
  if (hash.empty()) co_return refused_token();
  const Time now = impl_->clock.now();
  CO_TRY(auto found, co_await impl_->database.read([&](sql::Tx& tx) { return store::token(tx, hash, now); }));
  if (!found) co_return refused_token();
  co_return std::move(*found);
}

Task<Result<IssuedToken>> Identity::issue_token(AccountId account, Grant grant,
                                                std::optional<std::chrono::seconds> life, StillHolds holds) {
  co_return co_await impl_->issue(std::move(account), std::move(grant), life, std::move(holds));
}

Task<Result<IssuedToken>> Identity::renew_token(AccountId account, Renewal renewal) {
  const StillHolds end_others = [&account, &renewal, now = impl_->clock.now()](sql::Tx& tx) -> Result<> {
    if (renewal.holds) TRY_VOID(renewal.holds(tx));
    if (renewal.sessions_stay)
      store::renew_tokens_of(tx, account);
    else
      store::remove_tokens_of(tx, account);
    note(tx, account, "account.token_renewed", now, renewal.actor);
    return {};
  };
  CO_TRY(auto issued, co_await impl_->issue(account, {}, renewal.life, end_others));
  impl_->log.info("account.token_renewed", {{"account", account}, {"actor", renewal.actor}});
  co_return issued;
}

Task<Result<IssuedToken>> Identity::Impl::issue(AccountId account, Grant grant,
                                                std::optional<std::chrono::seconds> life, StillHolds beside) {
  const Time now = clock.now();
  IssuedToken issued{.id = TokenId(random_uuid()),
                     .token = Secret(random_token(token_bytes)),
                     .issued = now,
                     .expires = now + life.value_or(settings.token_life)};
  if (grant.expires) issued.expires = std::min(issued.expires, *grant.expires);
  const store::NewToken row{.id = issued.id,
                            .account = account,
                            .hash = token_hash(issued.token),
                            .issued = now,
                            .expires = issued.expires,
                            .grant = std::move(grant)};
  CO_TRY_VOID(co_await database.write([&](sql::Tx& tx) -> Result<> {
    if (!store::lock_enabled(tx, account)) return fail(Kind::not_found, "no enabled account has this id");
    if (beside) TRY_VOID(beside(tx));
    store::insert(tx, row);
    store::tidy_tokens(tx, account, std::max<std::size_t>(settings.tokens_per_account, 1), now);
    return {};
  }));
  co_return issued;
}

Task<Result<>> Identity::revoke_token(TokenId token) {
  co_return co_await impl_->database.write([&](sql::Tx& tx) { store::remove(tx, token); });
}

Task<Result<Account>> Identity::find(std::string name) {
  CO_TRY(auto stored, co_await impl_->find(name_key(name).value_or("")));
  if (!stored) co_return no_account();
  co_return std::move(stored->account);
}

Task<Result<>> Identity::set_enabled(std::string name, bool enabled) {
  const auto key = name_key(name);
  if (!key) co_return no_account();
  const Time now = impl_->clock.now();
  CO_TRY(const AccountId account, co_await impl_->database.write([&](sql::Tx& tx) -> Result<AccountId> {
    const auto named = store::find(tx, *key);
    const auto stored = named ? store::find_to_change(tx, named->account.id) : std::nullopt;
    if (!stored) return no_account();
    TRY_VOID(life::turn(tx, impl_->quotas, stored->account, enabled, now));
    note(tx, stored->account.id, enabled ? "account.enabled" : "account.disabled", now);
    return stored->account.id;
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
    note(tx, *id, "account.new_password", impl_->clock.now());
    return std::move(*id);
  }));
  impl_->log.info("account.new_password", {{"account", account}});
  co_return Result<>{};
}

Task<Result<bool>> Identity::empty() {
  co_return co_await impl_->database.read([&](sql::Tx& tx) { return !store::any(tx); });
}

}  // namespace nephele::identity
