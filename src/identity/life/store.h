// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "identity/identity.h"
#include "identity/life/rules.h"
#include "sql/sql.h"

/// All SQL of the accounts' life, of the terms of use and of the audit log.
namespace nephele::identity::life::store {

std::optional<Life> life(sql::Tx& tx, const AccountId& account);
/// Also sets whether the account is enabled; its version grows.
void keep(sql::Tx& tx, const AccountId& account, const Life& life, Time now);

/// An account as lists of administrators show it.
struct Listed {
  Account account;
  Life life;
  std::vector<std::string> groups;          ///< names
  std::vector<std::string> providers = {};  ///< ways to sign in; filled in by who shows them
  std::string last_logins = {};             ///< when he came by which of them; likewise
};
/// At most `limit` behind the number `after`, as identity::store::page().
struct Page {
  std::vector<Listed> rows;
  std::int64_t last = 0;  ///< what the next page is behind
};
Page page(sql::Tx& tx, const AccountFilter& filter, std::int64_t after);
/// Uuids of those who have a project of their own, behind `after`.
std::vector<std::string> with_own_project(sql::Tx& tx, const std::string& after, std::size_t limit);

/// The code that a link holds, as its keyed hash; an older one is of no use any more.
void keep_activation(sql::Tx& tx, const AccountId& account, std::string_view hash, Time sent, Time expires);
/// Whose code this is, if it is still good at `now`.
std::optional<AccountId> account_with_activation(sql::Tx& tx, std::string_view hash, Time now);
void forget_activation(sql::Tx& tx, const AccountId& account);
/// It goes, unless its address is proved by the time that its row is ours. False when it stays.
bool remove_unverified(sql::Tx& tx, const AccountId& account);
/// Accounts whose address was never proved, with this e-mail address or name.
std::vector<AccountId> unverified_with(sql::Tx& tx, std::string_view email_key);

struct Terms {
  std::int64_t id = 0;
  std::string location;  ///< the file that they came from
  std::string content;   ///< HTML, the administrator's own
  Time created;
};
/// The latest; nothing before the first.
std::optional<Terms> terms(sql::Tx& tx);
std::optional<Terms> terms(sql::Tx& tx, std::int64_t id);
/// There are terms, and the account has not agreed to the latest: it may not use the APIs. Who administers the cloud
/// may, since the terms are his own and a script has no page to agree on; pages ask him all the same.
bool must_agree(sql::Tx& tx, const AccountId& account);
/// Draws the id.
std::int64_t insert_terms(sql::Tx& tx, const std::string& location, const std::string& content, const std::string& hash,
                          Time now);

struct AuditEvent {
  Time at;
  std::string account;  ///< uuid; empty: none's
  std::string actor;    ///< who did it: a uuid, "operator", or where it came from
  std::string event;    ///< "account.accepted"
  std::string details;  ///< for people; no secret
};
void insert(sql::Tx& tx, const AuditEvent& event);
/// Clients sign in all day: of an account the newest sign_ins_kept of these two are there. `how`: "by local from
/// 192.0.2.1".
void insert_signed_in(sql::Tx& tx, const AccountId& account, std::string how, Time now);
/// Somebody guessed too often. Empty `account`: at a name that nobody has, which may be a password and is not shown.
void insert_slowed(sql::Tx& tx, const AccountId& account, const std::string& remote, Time now);
inline constexpr std::size_t sign_ins_kept = 500;
std::vector<AuditEvent> audit_of(sql::Tx& tx, const AccountId& account, std::size_t limit);

}  // namespace nephele::identity::life::store
