// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "identity/identity.h"
#include "identity/life/store.h"

/// Who is signed in at the pages. In the database: each process sees at once what another one ended.
namespace nephele::identity::pages {

using SessionId = Id<struct SessionTag>;  ///< keyed hash of what the cookie holds

struct SessionSettings {
  std::chrono::hours life{720};         ///< as the contract's token
  std::chrono::hours idle{168};         ///< without a page
  std::size_t per_account = 50;         ///< a new one ends the oldest
  std::chrono::seconds seen_every{60};  ///< how exactly `seen` is written down
};

struct Session {
  SessionId id;
  Account account;
  identity::life::Life life;
  Time created;
  Time seen;
};

class Sessions {
 public:
  /// All outlive it.
  Sessions(sql::Database& database, const SecretKey& key, const Clock& clock, SessionSettings settings);

  /// For an account as it was when its password proved right: `conflict` when it was changed since, `not_found` when it
  /// is gone or disabled. What the cookie is to hold. A link for a new password dies by it. `how` is for the audit log.
  Task<Result<Secret>> begin(Account account, std::string how);
  /// Nothing: unknown, ended, too old, or its account is disabled.
  Task<Result<std::optional<Session>>> find(Secret cookie);
  /// The same in the caller's transaction.
  std::optional<Session> look(sql::Tx& tx, const Secret& cookie) const;
  /// For what is given out in its owner's name: `unauthorized` once it has ended.
  StillHolds holds(const Session& session) const;
  /// Its owner looks at a page: written down now and then.
  Task<Result<>> saw(Session session);
  Task<Result<>> end(SessionId session);
  /// Its owner signs out: what OAuth2 gave out in his name ends with it.
  Task<Result<>> leave(Session session);
  /// All others of its owner; how many those were. With `tokens` these end too, in one step.
  Task<Result<std::int64_t>> end_others(Session kept, bool tokens);
  Task<Result<std::int64_t>> count(AccountId account);

  std::chrono::seconds life() const noexcept { return settings_.life; }

 private:
  SessionId id_of(const Secret& cookie) const;

  sql::Database& database_;
  const SecretKey& key_;
  const Clock& clock_;
  SessionSettings settings_;
};

}  // namespace nephele::identity::pages
