// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "identity/life/life.h"
#include "identity/ways/rules.h"
#include "identity/ways/store.h"

/// The use cases of the ways to sign in. What a module must do is to prove who somebody is; everything after that is
/// here, once for all of them.
namespace nephele::identity::ways {

struct Settings {
  PolicyBook book = {};
  bool local_accounts_may_add = true;          ///< ASTAKOS_ENABLE_LOCAL_ACCOUNT_MIGRATION
  std::set<std::string> address_keepers = {};  ///< modules that say themselves what somebody's address is
  std::chrono::hours sign_up_within{4};        ///< what a module proved is good for a sign-up that long
};

struct Visitor {
  std::optional<AccountId> account = {};  ///< who is signed in
  std::optional<WayId> replaces = {};
  bool only_known = false;
  bool only_look = false;  ///< a visitor's own account is left as it is, and what would be added waits for his word
  StillHolds holds = {};   ///< asked before his account is changed: is he still signed in?
};

struct Arrived {
  Step step = Step::let_in;
  Account account = {};  ///< whose it is now; for Step::sign_up nobody's
  Secret token = {};     ///< names what waits: for Step::sign_up, and where there was only a look
};

/// The form of a sign-up. What the module says itself is not asked.
struct Form {
  std::string email = {}, first_name = {}, last_name = {};
  bool terms_agreed = false;
  std::int64_t terms_shown = 0;
  bool terms_later = false;
  std::string request_id = {};
};

/// A way as its owner sees it.
struct Listed {
  Way way;
  std::string title;
  bool removable = false;
  bool replaceable = false;  ///< by another identifier of the same module
};
struct Overview {
  std::vector<Listed> ways;
  std::vector<std::string> addable;  ///< modules
};

class Ways {
 public:
  /// All outlive it.
  Ways(sql::Database& database, life::AccountLife& life, const SecretKey& key, const Clock& clock, Settings settings,
       log::Logger log);

  const PolicyBook& book() const noexcept { return settings_.book; }

  /// Somebody has proved who he is. Fails as next_step(), and with `invalid` when the identifier cannot be one.
  Task<Result<Arrived>> arrive(Proof proof, Visitor visitor);
  /// Fails with `not_found`: unknown, used or too old.
  Task<Result<Pending>> pending(Secret token);
  /// Fails as pending() and life::AccountLife::sign_up(). An account of `Account::enabled` may come in at once.
  Task<Result<Account>> sign_up(Secret token, Form form);
  /// By a password. Fails as life::AccountLife::sign_up(), and with `forbidden` by policy.
  Task<Result<Account>> sign_up(life::SignUp wanted);
  /// The groups of who has got a way of this module just now, in the transaction that made it.
  void join_groups(sql::Tx& tx, const AccountId& account, const std::string& module) const;
  /// What waits becomes a way of this account, or takes the place of one. Fails as pending() and arrive().
  Task<Result<>> attach(AccountId account, Secret token, std::optional<WayId> replaces = {}, StillHolds holds = {});

  /// By a module whose proof is not an arrival: the password. Fails with `forbidden` by policy.
  Task<Result<>> enter(AccountId account, std::string module);
  Task<Result<Overview>> overview(AccountId account);
  /// Fails with `not_found` and `forbidden`. Without the way "local" the account has no password.
  Task<Result<>> remove(AccountId account, WayId way);
  /// What somebody hears who comes with a password that the account does not have; empty: nothing can be said.
  Task<Result<std::string>> instead_of_password(AccountId account);
  /// The title of that way of the account which says what its address is; empty: its owner does.
  Task<Result<std::string>> keeper_of_address(AccountId account);
  /// A module that the account must have and lacks; empty: there is none.
  Task<Result<std::string>> missing(AccountId account);

 private:
  std::string hash_of(const Secret& token) const;
  Secret keep(sql::Tx& tx, const Proof& proof, Time now) const;
  Arrival look(sql::Tx& tx, const Proof& proof, const Visitor& visitor) const;
  Result<Account> add(sql::Tx& tx, const Proof& proof, const Arrival& arrival, Time now) const;
  Result<Account> let_in(sql::Tx& tx, const Proof& proof, const Arrival& arrival, Time now) const;
  /// What holds of one account: settings, its profiles, those of its groups.
  Policies policies(sql::Tx& tx, const AccountId& account, std::string_view module) const;

  sql::Database& database_;
  life::AccountLife& life_;
  const SecretKey& key_;
  const Clock& clock_;
  Settings settings_;
  log::Logger log_;
};

/// The policy by which one of an account's ways lets it in without an administrator: "auth_provider_ldap".
std::optional<std::string> accepting_way(sql::Tx& tx, const AccountId& account, const PolicyBook& book);

/// As modules deliver it, made fit: what is too long or no text is left out. Fails with `invalid` for an identifier
/// that cannot be one.
Result<Proof> tidied(Proof proof);

}  // namespace nephele::identity::ways
