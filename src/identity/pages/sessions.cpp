// SPDX-License-Identifier: Apache-2.0
#include "identity/pages/sessions.h"

#include "identity/pages/store.h"
#include "identity/store.h"

namespace nephele::identity::pages {

namespace {

constexpr std::size_t cookie_bytes = 32, cookie_text_max = 128;

}  // namespace

Sessions::Sessions(sql::Database& database, const SecretKey& key, const Clock& clock, SessionSettings settings)
    : database_(database), key_(key), clock_(clock), settings_(settings) {}

SessionId Sessions::id_of(const Secret& cookie) const {
  return SessionId(key_.keyed_hash(cookie.reveal(), "identity.session"));
}

Task<Result<Secret>> Sessions::begin(Account account, std::string how) {
  Secret cookie(random_token(cookie_bytes));
  const SessionId id = id_of(cookie);
  const Time now = clock_.now();
  CO_TRY_VOID(co_await database_.write([&](sql::Tx& tx) -> Result<> {
    if (!identity::store::lock_enabled(tx, account.id)) return fail(Kind::not_found, "Your account is disabled.");
    if (identity::store::find(tx, account.id)->account.version != account.version)
      return fail(Kind::conflict, "your account was changed at this moment; sign in again");
    store::insert_session(tx, id, account.id, now, now + settings_.life);
    store::tidy_sessions(tx, account.id, settings_.per_account, now);
    store::forget_reset(tx, account.id);
    store::note_login(tx, account.id, now);
    life::store::insert_signed_in(tx, account.id, how, now);
    return {};
  }));
  co_return cookie;
}

std::optional<Session> Sessions::look(sql::Tx& tx, const Secret& cookie) const {
  if (cookie.empty() || cookie.reveal().size() > cookie_text_max) return std::nullopt;
  return store::session(tx, id_of(cookie), clock_.now(), settings_.idle);
}

Task<Result<std::optional<Session>>> Sessions::find(Secret cookie) {
  co_return co_await database_.read([&](sql::Tx& tx) { return look(tx, cookie); });
}

StillHolds Sessions::holds(const Session& session) const {
  return [this, id = session.id](sql::Tx& tx) -> Result<> {
    if (store::session(tx, id, clock_.now(), settings_.idle)) return {};
    return fail(Kind::unauthorized, "You were signed out at this moment; sign in again.");
  };
}

Task<Result<>> Sessions::saw(Session session) {
  const Time now = clock_.now();
  if (now - session.seen < settings_.seen_every) co_return Result<>{};
  co_return co_await database_.write([&](sql::Tx& tx) { store::seen(tx, session.id, now); });
}

Task<Result<>> Sessions::end(SessionId session) {
  co_return co_await database_.write([&](sql::Tx& tx) { store::remove_session(tx, session); });
}

Task<Result<>> Sessions::leave(Session session) {
  co_return co_await database_.write([&](sql::Tx& tx) {
    store::remove_session(tx, session.id);
    identity::store::end_oauth2_of(tx, session.account.id);
  });
}

Task<Result<std::int64_t>> Sessions::end_others(Session kept, bool tokens) {
  const AccountId account = kept.account.id;
  const Time now = clock_.now();
  co_return co_await database_.write([&](sql::Tx& tx) -> Result<std::int64_t> {
    // So that nothing which is given out at this moment outlives its elders' end unseen.
    if (!identity::store::lock_enabled(tx, account)) return fail(Kind::not_found, "Your account is disabled.");
    TRY_VOID(holds(kept)(tx));
    const auto ended = store::remove_sessions(tx, account, kept.id);
    if (!tokens) return ended;
    identity::store::renew_tokens_of(tx, account);
    life::store::insert(tx, {.at = now,
                             .account = account.text(),
                             .actor = account.text(),
                             .event = "account.tokens_ended",
                             .details = {}});
    return ended;
  });
}

Task<Result<std::int64_t>> Sessions::count(AccountId account) {
  const Time now = clock_.now();
  co_return co_await database_.read(
      [&](sql::Tx& tx) { return store::count_sessions(tx, account, now, settings_.idle); });
}

}  // namespace nephele::identity::pages
