// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "identity/django_hash.h"
#include "identity/identity.h"
#include "sql/sql.h"

/// All SQL of accounts and tokens. Accounts are named by their sign_in_key (account_name.h).
namespace nephele::identity::store {

struct Stored {
  Account account;
  std::string password_hash;  ///< empty: no password is right
};

std::optional<Stored> find(sql::Tx& tx, std::string_view key);
std::optional<Stored> find(sql::Tx& tx, const AccountId& id);
/// Takes the row until the end of the transaction: who changes an account by what it is goes on from what the one
/// before has made of it. Before any other look at it.
std::optional<Stored> find_to_change(sql::Tx& tx, const AccountId& id);
/// At most `filter.limit` behind the number `after`, in the order of their numbers: no change of a name moves anybody,
/// so who goes on from page to page sees each account once, and those that are made meanwhile at the end. `filter.name`
/// and `filter.email` are keys; `filter.after` does not matter.
std::vector<Account> page(sql::Tx& tx, const AccountFilter& filter, std::int64_t after);
std::vector<Account> members(sql::Tx& tx, const GroupId& group);
/// Whom people mean: by uuid, by e-mail address, else by the name that is typed at sign-in.
std::optional<Account> meant(sql::Tx& tx, const std::string& who);
/// Whom administrators mean: by the short id first.
std::optional<Account> meant_by_administrator(sql::Tx& tx, const std::string& who);
/// The account with this short id; nothing when there is none.
std::optional<AccountId> id_of_number(sql::Tx& tx, std::int64_t number);
/// The key of an account; nothing when there is none.
std::optional<std::string> key_of(sql::Tx& tx, const AccountId& id);
/// Its number, behind which page() goes on; nothing when there is none.
std::optional<std::int64_t> number_of(sql::Tx& tx, const AccountId& id);
bool any(sql::Tx& tx);
/// The most that a comparison costs with any of Django's hashes that are left, of each digest.
DjangoWork dearest(sql::Tx& tx);

struct Keys {
  std::string name;
  std::string email;
};
enum class Written : std::uint8_t { done, name_taken, email_taken };
/// Draws the account's number.
Written insert(sql::Tx& tx, Account& account, const Keys& keys, std::string_view password_hash);
/// Everything but the password; `version` as given. With another e-mail address, but for its letters' case, links that
/// went to the old one are dead.
Written update(sql::Tx& tx, const Account& account, const Keys& keys);
/// Beside update(), which has the new version. An empty hash ends the way "local" and the link for a new password,
/// another one makes the way.
void set_password(sql::Tx& tx, const AccountId& account, std::string_view password_hash);
/// With its tokens, sessions, roles and memberships.
bool remove(sql::Tx& tx, const AccountId& account);
/// The account's id; nothing when there is none.
std::optional<AccountId> set_password(sql::Tx& tx, std::string_view key, std::string_view password_hash);
/// The account as it is then; nothing when there is none. What it is signed in with stays.
std::optional<Account> replace_password(sql::Tx& tx, const AccountId& id, std::string_view password_hash);

/// Takes the account's row until the end of the transaction; false when it is unknown or disabled.
bool lock_enabled(sql::Tx& tx, const AccountId& account);
struct NewToken {
  TokenId id;
  AccountId account;
  std::string hash;
  Time issued;
  Time expires;
  Grant grant;
};
void insert(sql::Tx& tx, const NewToken& token);
/// All that what a token says depends on: the token's row never changes, its owner's counts its changes, and so does
/// the directory as a whole.
struct Sight {
  TokenId token;
  std::int64_t account_version = 0;
  std::int64_t directory_version = 0;
  friend bool operator==(const Sight&, const Sight&) = default;
};
/// Of a token that is valid at `now` and whose owner is enabled; one point read.
std::optional<Sight> sight(sql::Tx& tx, std::string_view token_hash, Time now);
/// A token that is valid at `now`, whose owner and his domain are enabled.
std::optional<Token> token(sql::Tx& tx, std::string_view token_hash, Time now);
void remove(sql::Tx& tx, const TokenId& token);
/// Also the account's sessions at the pages, the links for a new password and for another e-mail address, and what
/// OAuth2 gave out in its name.
void remove_tokens_of(sql::Tx& tx, const AccountId& account);
/// The sessions and the links alone.
void end_sessions_of(sql::Tx& tx, const AccountId& account);
/// The tokens and what OAuth2 gave out: the sessions stay.
void renew_tokens_of(sql::Tx& tx, const AccountId& account);
/// The same password, better hashed: not if it has changed. Sessions and tokens stay.
void upgrade_password(sql::Tx& tx, const AccountId& account, std::string_view judged, std::string_view hash);
bool token_is_there(sql::Tx& tx, const TokenId& token);
/// What OAuth2 gave out in the account's name alone: codes and access tokens.
void end_oauth2_of(sql::Tx& tx, const AccountId& account);
void remove_tokens_for(sql::Tx& tx, const Target& scope);
void remove_tokens_by(sql::Tx& tx, const CredentialId& credential);
/// Of the domain's accounts, with their sessions, and those for the domain and its projects.
void remove_tokens_within(sql::Tx& tx, const DomainId& domain);
/// The project goes: it is nobody's default any more.
void forget_default_project(sql::Tx& tx, const ProjectId& project);
/// Expired ones of anybody, at most `limit`; how many went.
std::int64_t purge(sql::Tx& tx, Time now, std::size_t limit);
/// Of the account, all but the `keep` that live longest; and some expired ones of anybody.
void tidy_tokens(sql::Tx& tx, const AccountId& account, std::size_t keep, Time now);

}  // namespace nephele::identity::store
