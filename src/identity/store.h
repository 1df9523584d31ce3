// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "identity/identity.h"
#include "sql/sql.h"

/// All SQL of identity. Accounts are named by their name_key (account_name.h).
namespace nephele::identity::store {

struct Stored {
  Account account;
  std::string password_hash;
};

std::optional<Stored> find(sql::Tx& tx, std::string_view key);
/// Those behind `after`, in the order of their keys as the engine compares them.
std::vector<Account> page(sql::Tx& tx, std::string_view after, std::size_t limit);
bool any(sql::Tx& tx);
/// False when the name is taken.
bool insert(sql::Tx& tx, const Account& account, std::string_view key, std::string_view password_hash);
/// The account's id; nothing when there is none. Its version grows if anything changed.
std::optional<AccountId> set_enabled(sql::Tx& tx, std::string_view key, bool enabled);
std::optional<AccountId> set_password(sql::Tx& tx, std::string_view key, std::string_view password_hash);

/// Takes the account's row until the end of the transaction; false when it is unknown or disabled.
bool lock_enabled(sql::Tx& tx, const AccountId& account);
struct NewToken {
  TokenId id;
  AccountId account;
  std::string hash;
  Time expires;
};
void insert(sql::Tx& tx, const NewToken& token);
/// The owner of a token that is valid at `now`, if enabled.
std::optional<Account> owner(sql::Tx& tx, std::string_view token_hash, Time now);
void remove(sql::Tx& tx, const TokenId& token);
void remove_tokens_of(sql::Tx& tx, const AccountId& account);
/// Of the account, all but the `keep` that live longest; and some expired ones of anybody.
void tidy_tokens(sql::Tx& tx, const AccountId& account, std::size_t keep, Time now);

}  // namespace nephele::identity::store
