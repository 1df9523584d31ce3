// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "identity/model.h"
#include "sql/sql.h"

/// Who you are: accounts with passwords, and tokens. The APIs (keystone/, astakos/) come on top of it.
namespace nephele::identity {

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

/// What a new token is for.
struct Grant {
  std::string methods = "password";  ///< how its owner signed in, separated by commas
  std::optional<Target> scope = {};
  CredentialId credential = {};      ///< the application credential that signed in; empty: none
  std::optional<Time> expires = {};  ///< not later than this; absent: its full life
  std::string parent = {};           ///< audit id of the token that it was made from; empty: none
};

struct Token {
  TokenId id = {};
  Account account;
  Time issued = {};
  Time expires = {};
  Grant grant = {};
};

struct IssuedToken {
  TokenId id;
  Secret token;  ///< shown once; only its keyed hash is stored
  Time issued;
  Time expires;
};

/// What a new token or a change of an account rests on, asked in the transaction that writes it, with the account's row
/// locked; an error, and nothing is written. Who ends what it asks for locks that row too, so that nothing slips out
/// while it ends.
using StillHolds = std::function<Result<>(sql::Tx&)>;

/// A new token in the place of all others of its owner.
struct Renewal {
  std::string actor;                              ///< who asks for it, for the audit log
  std::optional<std::chrono::seconds> life = {};  ///< in place of Settings::token_life
  bool sessions_stay = false;                     ///< he goes on where he is signed in to the pages
  StillHolds holds = {};
};

struct NewAccount {
  std::string name = {};
  std::optional<Secret> password = {};  ///< absent: nobody signs in by password
  std::string password_hash = {};       ///< in its place, as Django has it (django_hash.h)
  bool admin = false;
  bool enabled = true;
  DomainId domain{std::string(default_domain)};
  std::string email = {};
  std::string first_name = {}, last_name = {};
  std::string description = {};
  ProjectId default_project = {};
  std::string actor = {};  ///< who makes it, for the audit log; empty: nobody is noted
};

/// What is present changes.
struct AccountChange {
  std::optional<std::string> name = {};
  std::optional<Secret> password = {};
  std::string password_hash = {};  ///< as in NewAccount
  std::optional<bool> admin = {};
  std::optional<bool> enabled = {};
  std::optional<std::string> email = {}, first_name = {}, last_name = {}, description = {};
  std::optional<ProjectId> default_project = {};
  std::string actor = {};  ///< as in NewAccount
  StillHolds holds = {};   ///< what the actor may do it by
};

/// Empty members narrow nothing. Pages are in the order of the names.
struct AccountFilter {
  std::string name = {};
  std::string email = {};
  std::string domain = {};
  std::optional<bool> enabled = {};
  AccountId after = {};  ///< the last of the page before
  std::size_t limit = 1000;
};

/// Since the start of this process, for metrics.
struct Figures {
  std::uint64_t from_cache = 0;  ///< sign-ins that needed no argon2 run
  std::uint64_t hashes = 0;      ///< argon2 runs
  std::uint64_t iterations = 0;  ///< of PBKDF2, for passwords that came over from a Django
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
  Task<Result<Account>> authenticate(std::string name, Secret password, std::string remote_address,
                                     DomainId domain = DomainId(std::string(default_domain)));
  Task<Result<Account>> authenticate(AccountId account, Secret password, std::string remote_address);

  /// The same for a secret that is no account's password (an application credential's): `subject` names it, an empty
  /// `hash` is that of an unknown one. Fails with `unauthorized` or `busy`.
  Task<Result<>> check_secret(std::string subject, std::string hash, Secret secret, std::string remote_address);
  /// argon2id, for check_secret() and for passwords that are stored with something else. One address has its share of
  /// the queue; empty: an administrator's or our own. Fails with `busy`.
  Task<Result<std::string>> hash_secret(Secret secret, std::string remote_address = {});

  /// What a token is stored under; empty for what can be none.
  std::string token_hash(const Secret& token) const;
  /// Fails with `unauthorized`: unknown, expired, revoked, or the account is disabled.
  Task<Result<Token>> authenticate_token(Secret token);
  /// Fails with `not_found` when there is no such account or it is disabled. The caller has authenticated it.
  /// `life`: in place of Settings::token_life. Also fails as `holds` does.
  Task<Result<IssuedToken>> issue_token(AccountId account, Grant grant = {},
                                        std::optional<std::chrono::seconds> life = {}, StillHolds holds = {});
  /// The same, and all others of the account end with it: at no moment has it none, and at none both. Sessions end too,
  /// unless they are to stay.
  Task<Result<IssuedToken>> renew_token(AccountId account, Renewal renewal);
  /// A token that is gone already is a success.
  Task<Result<>> revoke_token(TokenId token);

  /// Fails with `conflict` when the name is taken, `invalid` for a name that is empty, not UTF-8, over 128 bytes, or
  /// with a colon or controls, or a password under 8 or over 1024 bytes; `busy` as authenticate().
  Task<Result<Account>> create(std::string name, Secret password, bool admin);
  /// The same with all that an account may have; also `conflict` when the e-mail address is taken, `not_found` for the
  /// domain, `invalid` for an address or a text that is too long or holds controls.
  Task<Result<Account>> create(NewAccount wanted);
  Task<Result<Account>> find(AccountId account);  ///< or `not_found`
  /// Fails as create() and find(). A new password ends the account's tokens; what `enabled` does, life/awake.h says.
  Task<Result<Account>> change(AccountId account, AccountChange change);
  /// With its tokens, credentials, memberships and roles. Fails with `not_found`.
  Task<Result<>> remove(AccountId account, std::string actor = {});
  Task<Result<std::vector<Account>>> list(AccountFilter filter);
  Task<Result<Account>> find(std::string name);  ///< or `not_found`
  /// As change() does. Fails with `not_found`.
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
