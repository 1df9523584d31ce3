// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "identity/life/store.h"
#include "identity/model.h"
#include "sql/sql.h"

/// SQL that only administrators' work needs: what the audit log tells, what there is in numbers, what is over.
namespace nephele::identity::administration::store {

/// What an account has beside itself and its life.
struct Extras {
  std::int64_t level = 4;
  std::int64_t invitations = 0;
  std::vector<std::string> permissions = {};  ///< "im.can_access_userinfo"
  std::optional<Time> token_expires = {};     ///< of the token that lives longest
};
Extras extras(sql::Tx& tx, const AccountId& account);
void set_level(sql::Tx& tx, const AccountId& account, std::int64_t level);
void set_invitations(sql::Tx& tx, const AccountId& account, std::int64_t invitations);
/// A repetition changes nothing.
void add_permission(sql::Tx& tx, const AccountId& account, std::string_view permission);
bool remove_permission(sql::Tx& tx, const AccountId& account, std::string_view permission);

/// By account: when the token that lives longest expires. Who has none is not there.
std::map<std::string, std::optional<Time>> token_expiry_of(sql::Tx& tx, std::span<const AccountId> accounts);

/// A row of the audit log and its place in it.
struct Entry {
  std::string id;
  life::store::AuditEvent event;
};
struct AuditFilter {
  std::string account = {};  ///< uuid; empty: everybody's and nobody's
  std::optional<Time> since = {};
};
/// The newest first, behind `after`.
std::vector<Entry> audit(sql::Tx& tx, const AuditFilter& filter, const std::optional<Entry>& after, std::size_t limit);

struct UserNumbers {
  std::int64_t total = 0, verified = 0, active = 0;
};
UserNumbers user_numbers(sql::Tx& tx);
/// Of those who have this way to sign in; `exclusive`: and no other.
struct ModuleNumbers {
  std::string module;
  UserNumbers users;
  std::int64_t exclusive = 0;
};
std::vector<ModuleNumbers> module_numbers(sql::Tx& tx);

/// Of all users' own use together.
struct ResourceNumbers {
  std::string name, description, unit;
  std::int64_t used = 0;
  std::int64_t allocated = 0;  ///< sum of finite limits; unlimited ones count as `unlimited`
};
std::vector<ResourceNumbers> resource_numbers(sql::Tx& tx);

/// Sessions, tokens, links, what OAuth2 gave out and sign-ups that wait for a form, as far as they are over: at most
/// `limit` of each. How many went.
std::int64_t purge(sql::Tx& tx, Time now, std::size_t limit);

/// Does he administer the cloud, by his mark or by the role admin anywhere?
bool administers(sql::Tx& tx, const AccountId& account);
/// Administrators by their mark, whatever their roles are.
std::vector<AccountId> marked_administrators(sql::Tx& tx);

}  // namespace nephele::identity::administration::store
