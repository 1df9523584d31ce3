// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "identity/ways/rules.h"
#include "sql/sql.h"

/// All SQL of the ways to sign in, of sign-ups by them and of profiles. The way "local" is written by identity::store,
/// together with the password.
namespace nephele::identity::ways::store {

std::vector<Way> ways_of(sql::Tx& tx, const AccountId& account);
std::map<std::string, std::vector<Way>> ways_of(sql::Tx& tx, std::span<const AccountId> accounts);
/// By module, in lists of administrators: those of the accounts with keys in (after, last].
struct ModuleOf {
  std::string account;
  std::string module;
  std::optional<Time> last_login = {};
};
std::vector<ModuleOf> modules_between(sql::Tx& tx, std::int64_t after, std::int64_t last);
std::optional<Way> by_identifier(sql::Tx& tx, std::string_view module, std::string_view identifier);
/// False when somebody has the identifier.
bool insert(sql::Tx& tx, const Way& way);
bool remove(sql::Tx& tx, const WayId& way);
/// What the module says now; `identifier` as given.
void update(sql::Tx& tx, const Way& way);
void used(sql::Tx& tx, const AccountId& account, std::string_view module, Time now);

/// In place of an earlier one for the same identifier. Drops some that are over.
void keep(sql::Tx& tx, std::string_view token_hash, const Pending& pending);
std::optional<Pending> pending(sql::Tx& tx, std::string_view token_hash, Time now);
/// Those that are over, at most `limit`; how many went.
std::int64_t purge(sql::Tx& tx, Time now, std::size_t limit);
/// False when it is used up.
bool take(sql::Tx& tx, std::string_view token_hash);

/// Active ones of the user, then of his groups, each by priority and number.
std::vector<Profile> profiles_of(sql::Tx& tx, const AccountId& account);
bool any_required_profile(sql::Tx& tx);

struct Assigned {
  Profile profile;
  std::vector<std::string> users;   ///< uuids
  std::vector<std::string> groups;  ///< ids
};
std::vector<Assigned> profiles(sql::Tx& tx);
std::optional<Assigned> profile(sql::Tx& tx, std::string_view name);
/// Draws the number; false when the name is taken.
bool insert(sql::Tx& tx, Profile& profile);
void update(sql::Tx& tx, const Profile& profile);
bool remove_profile(sql::Tx& tx, std::string_view name);
/// In place of those before.
void assign(sql::Tx& tx, std::int64_t profile, const std::vector<AccountId>& users, const std::vector<GroupId>& groups);

}  // namespace nephele::identity::ways::store
