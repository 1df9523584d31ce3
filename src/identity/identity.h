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
  std::string name;      ///< what is typed at sign-in; unique without case
  bool admin = false;
  bool enabled = true;
  std::int64_t version = 1;  ///< grows with every change of password, rights or state: caches hang on it
  Time created;
};

struct Settings {
  std::chrono::seconds verified_for{10};      ///< how long a verified password saves the next argon2 run
  std::size_t verified_max = 10'000;          ///< entries of that cache
  std::size_t hashes_at_once = 2;
  std::size_t hashes_waiting = 64;            ///< more answer `busy`
  std::chrono::milliseconds slow_down_first{200};  ///< after the third wrong password of an account from an address
  std::chrono::milliseconds slow_down_max{5'000};
  std::chrono::hours token_life{24};
};

struct IssuedToken {
  TokenId id;
  Secret token;  ///< shown once; only its keyed hash is stored
  Time expires;
};

class Identity {
 public:
  Identity(sql::Database& database, const SecretKey& key, const Clock& clock, Settings settings, log::Logger log);
  ~Identity();
  Identity(const Identity&) = delete;
  Identity& operator=(const Identity&) = delete;

  static std::span<const sql::Migration> migrations();

  /// Verifies HTTP Basic credentials. Every call reads the account's version from the database, so that disabling or a
  /// new password holds at once; a keyed hash of recently verified credentials saves only the argon2 work. Wrong
  /// passwords are slowed down per account *and* address, which cannot lock the owner out from elsewhere.
  /// Unknown accounts cost the same time as wrong passwords. Fails with `unauthorized`, or `busy` when too many
  /// sign-ins wait.
  Task<Result<Account>> authenticate(std::string name, Secret password, std::string remote_address);

  Task<Result<Account>> authenticate_token(Secret token);
  Task<Result<IssuedToken>> issue_token(AccountId account);
  Task<Result<>> revoke_token(TokenId token);

  /// Fails with `conflict` when the name is taken, `invalid` for a name with a colon, controls or over 128 bytes, or a
  /// password under 8 characters.
  Task<Result<Account>> create(std::string name, Secret password, bool admin);
  Task<Result<std::vector<Account>>> list(std::string after, std::size_t limit);  ///< by name, keyset
  Task<Result<Account>> find(std::string name);
  Task<Result<>> set_enabled(std::string name, bool enabled);
  Task<Result<>> set_password(std::string name, Secret password);
  /// No account at all yet? Then the first start makes one.
  Task<Result<bool>> empty();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nephele::identity
