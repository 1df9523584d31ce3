// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/pages/sessions.h"
#include "sql/sql.h"

/// All SQL of sessions and of links for a new password and another e-mail address. A new password and a disabled
/// account end them all, in identity::store::remove_tokens_of(), another address the links, whoever does it.
namespace nephele::identity::pages::store {

void insert_session(sql::Tx& tx, const SessionId& id, const AccountId& account, Time now, Time expires);
/// With its account, if that is enabled and so is its domain; seen within `idle`.
std::optional<Session> session(sql::Tx& tx, const SessionId& id, Time now, std::chrono::milliseconds idle);
void seen(sql::Tx& tx, const SessionId& id, Time now);
void remove_session(sql::Tx& tx, const SessionId& id);
std::int64_t remove_sessions(sql::Tx& tx, const AccountId& account, const SessionId& but);
std::int64_t count_sessions(sql::Tx& tx, const AccountId& account, Time now, std::chrono::milliseconds idle);
/// Sessions and links of anybody that are over, at most `limit` of each kind; how many went.
std::int64_t purge(sql::Tx& tx, Time now, std::size_t limit);
/// Of the account, all but the newest `keep`; and some of anybody that are over.
void tidy_sessions(sql::Tx& tx, const AccountId& account, std::size_t keep, Time now);
void note_login(sql::Tx& tx, const AccountId& account, Time now);

/// When the account's latest link for a new password was made.
std::optional<Time> reset_made(sql::Tx& tx, const AccountId& account);
/// In place of an older one.
void keep_reset(sql::Tx& tx, const AccountId& account, std::string_view hash, Time now, Time expires);
/// Of an account that is enabled and has a password.
std::optional<AccountId> account_with_reset(sql::Tx& tx, std::string_view hash, Time now);
/// Used up; false when somebody was faster.
bool take_reset(sql::Tx& tx, const AccountId& account, std::string_view hash);
void forget_reset(sql::Tx& tx, const AccountId& account);

/// Another e-mail address that somebody wants, until he follows the link that was sent there.
struct EmailChange {
  AccountId account;
  std::string email;
  Time requested;
  Time expires;
};
std::optional<EmailChange> email_change(sql::Tx& tx, const AccountId& account);
/// Also one that is too old, as long as it is there.
std::optional<EmailChange> email_change_with(sql::Tx& tx, std::string_view hash);
/// In place of an older one.
void keep_email_change(sql::Tx& tx, const EmailChange& change, std::string_view hash);
/// Used up; false when somebody was faster, or there is a later one.
bool take_email_change(sql::Tx& tx, const AccountId& account, std::string_view hash);
void forget_email_change(sql::Tx& tx, const AccountId& account);

/// Was the account's profile ever looked at by its owner?
bool profile_seen(sql::Tx& tx, const AccountId& account);
void note_profile(sql::Tx& tx, const AccountId& account, Time now);

/// Id of the latest terms of use; 0: there are none.
std::int64_t latest_terms(sql::Tx& tx);
/// By e-mail address.
std::optional<AccountId> account_by_email(sql::Tx& tx, std::string_view email_key);

}  // namespace nephele::identity::pages::store
