// SPDX-License-Identifier: Apache-2.0
// Whom and what an administrator's words name, and what is kept of what he does.
#include <fmt/format.h>

#include "identity/account_name.h"
#include "identity/directory/store.h"
#include "identity/life/store.h"
#include "identity/store.h"
#include "identity/verbs/verbs.h"

namespace nephele::identity::verbs {

void note(sql::Tx& tx, Time now, std::string event, std::string details, const AccountId& about) {
  life::store::insert(tx, {.at = now,
                           .account = about.text(),
                           .actor = administrator,
                           .event = std::move(event),
                           .details = std::move(details)});
}

Result<Account> find_user(Desk& desk, const std::string& wanted) {
  TRY(Ground* const ground, desk.ground());
  const auto look = [&wanted](sql::Tx& tx) { return store::meant_by_administrator(tx, wanted); };
  TRY(auto found, desk.threads().run(ground->database.read(look)));
  if (found) return std::move(*found);
  return fail(Kind::not_found, fmt::format("there is no user \"{}\"; user-list shows those that are", wanted));
}

Result<Group> find_group(sql::Tx& tx, const std::string& wanted) {
  if (const auto key = label_key(wanted)) {
    auto found = directory::store::groups(tx, {.name_key = *key, .domain = std::string(default_domain), .limit = 1});
    if (!found.empty()) return std::move(found.front());
  }
  if (auto found = directory::store::group(tx, GroupId(wanted))) return std::move(*found);
  return fail(Kind::not_found, fmt::format("there is no group \"{}\"; group-list shows those that are", wanted));
}

}  // namespace nephele::identity::verbs
