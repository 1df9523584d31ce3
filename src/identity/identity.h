// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/secret.h"
#include "sql/sql.h"

/// Who you are. First slice: local accounts with passwords and tokens; Astakos and Keystone come on top of it.
namespace nephele::identity {

using AccountId = Id<struct AccountTag>;  ///< a UUID
using TokenId = Id<struct TokenTag>;

struct Account {
  AccountId id;
  std::string name;  ///< what is typed at sign-in; unique without the case of ASCII letters
  bool admin = false;
  bool enabled = true;
  std::int64_t version = 1;  ///< grows with every change of password, rights or state: caches hang on it
  Time created;
};

struct Settings {
  std::chrono::seconds verified_for{10};  ///< how long a verified password saves the next argon2 run; 0: never
  std::size_t verified_max = 10'000;      ///< entries of that cache
  std::size_t hashes_at_once = 2;
  std::size_t hashes_waiting = 128;      ///< more answer `busy`
  std::size_t hashes_per_address = 96;   ///< waiting or running: a flood from one place leaves room for the others
  std::size_t sign_ins_waiting = 4'096;  ///< for whatever reason; more answer `busy`
  std::chrono::milliseconds slow_down_first{200};  ///< after the third wrong password of an account from an address
  std::chrono::milliseconds slow_down_max{5'000};
  std::size_t slow_down_entries = 20'000;  ///< accounts and addresses that are remembered
  std::chrono::hours token_life{24};
  std::size_t tokens_per_account = 1'000;  ///< a new one ends the oldest
};

struct IssuedToken {
  TokenId id;
  Secret token;  ///< shown once; only its keyed hash is stored
  Time expires;
};

/// Since the start of this process, for metrics.
struct Figures {
  std::uint64_t from_cache = 0;  ///< sign-ins that needed no argon2 run
  std::uint64_t hashes = 0;      ///< argon2 runs
  std::uint64_t wrong = 0;       ///< refused sign-ins, by password, name or state
  std::uint64_t slowed = 0;      ///< made to wait, or sent away, because of wrong passwords before
  std::uint64_t busy = 0;        ///< sent away for want of room
};

/// Thread-safe. Every call resumes on the caller's own executor, which must outlive the call; all calls must have ended
/// before the Identity goes. Beside their own errors all calls pass on those of sql::Database.
class Identity {
 public:
  Identity(sql::Database& database, const SecretKey& key, const Clock& clock, Settings settings, log::Logger log);
  ~Identity();
  Identity(const Identity&) = delete;
  Identity& operator=(const Identity&) = delete;

  static std::span<const sql::Migration> migrations();

  /// Verifies HTTP Basic credentials. Every call reads the account's version from the database, so that disabling or a
  /// new password holds at once; a keyed hash of recently verified credentials saves only the argon2 work. Wrong
  /// passwords are slowed down per account *and* address (an IPv6 address counts by its /64), which cannot lock the
  /// owner out from elsewhere: a try waits, without a thread, for at most `slow_down_max`.
  /// Unknown accounts cost the same time as wrong passwords. Fails with `unauthorized`, or with `busy` when too many
  /// sign-ins wait or too many passwords were tried; the detail "retry_after_ms" then tells when to come again.
  Task<Result<Account>> authenticate(std::string name, Secret password, std::string remote_address);

  /// Fails with `unauthorized`: unknown, expired, revoked, or the account is disabled.
  Task<Result<Account>> authenticate_token(Secret token);
  /// Fails with `not_found` when there is no such account or it is disabled. The caller has authenticated it.
  Task<Result<IssuedToken>> issue_token(AccountId account);
  /// A token that is gone already is a success.
  Task<Result<>> revoke_token(TokenId token);

  /// Fails with `conflict` when the name is taken, `invalid` for a name that is empty, not UTF-8, over 128 bytes, or
  /// with a colon or controls, or a password under 8 or over 1024 bytes; `busy` as authenticate().
  Task<Result<Account>> create(std::string name, Secret password, bool admin);
  /// Those behind `after` (empty: from the beginning), by name, at most `limit` and at most 1000.
  Task<Result<std::vector<Account>>> list(std::string after, std::size_t limit);
  Task<Result<Account>> find(std::string name);  ///< or `not_found`
  /// Disabling also ends the account's tokens. Fails with `not_found`.
  Task<Result<>> set_enabled(std::string name, bool enabled);
  /// Also ends the account's tokens. Fails with `not_found`, or `invalid` as create().
  Task<Result<>> set_password(std::string name, Secret password);
  /// No account at all yet? Then the first start makes one.
  Task<Result<bool>> empty();

  Figures figures() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nephele::identity
