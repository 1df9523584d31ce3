// SPDX-License-Identifier: Apache-2.0
#include "identity/ways/account_facts.h"

#include <map>

#include "base/secret.h"
#include "identity/account_name.h"
#include "identity/amend.h"
#include "identity/directory/store.h"
#include "identity/life/store.h"
#include "identity/store.h"

namespace nephele::identity::ways {

namespace {

namespace names = directory::store;

/// Key and name; what no group can be called is left out.
std::map<std::string, std::string> keyed(const std::vector<std::string>& wanted) {
  std::map<std::string, std::string> out;
  for (const auto& name : wanted)
    if (auto key = check_label("group", name) ? label_key(name) : std::nullopt) out.emplace(std::move(*key), name);
  return out;
}

std::optional<Group> found(sql::Tx& tx, const std::string& key) {
  auto known = names::groups(tx, {.name_key = key, .domain = std::string(default_domain), .limit = 1});
  return known.empty() ? std::nullopt : std::optional(std::move(known.front()));
}

Group found_or_made(sql::Tx& tx, const std::string& key, const std::string& name) {
  if (auto known = found(tx, key)) return std::move(*known);
  Group made{.id = GroupId(to_hex(random_bytes(16))),
             .domain = DomainId(std::string(default_domain)),
             .name = name,
             .description = {}};
  if (names::insert(tx, made, key)) return made;
  return found(tx, key).value_or(std::move(made));  // somebody else has made it meanwhile
}

void note(sql::Tx& tx, const AccountId& account, const char* event, const Group& group, const Source& source) {
  life::store::insert(tx, {.at = source.now,
                           .account = account.text(),
                           .actor = source.module,
                           .event = event,
                           .details = "group " + group.id.text() + " " + group.name});
}

void join(sql::Tx& tx, const AccountId& account, const Group& group, const Source& source) {
  if (names::is_member(tx, group.id, account)) return;
  names::add_member(tx, group.id, account);
  note(tx, account, "group.joined", group, source);
}

std::optional<std::string> differing(const Proof& proof, const char* field, const std::string& said,
                                     const std::string& stored) {
  return proof.forced.contains(field) && !said.empty() && said != stored ? std::optional(said) : std::nullopt;
}

}  // namespace

Account refresh(sql::Tx& tx, const AccountId& id, const Proof& proof, Time now) {
  Account account = store::find_to_change(tx, id).value().account;
  AccountChange change{.email = differing(proof, "email", proof.email, account.email),
                       .first_name = differing(proof, "first_name", proof.first_name, account.first_name),
                       .last_name = differing(proof, "last_name", proof.last_name, account.last_name),
                       .actor = proof.module};
  while (change.email || change.first_name || change.last_name) {
    if (auto after = amended(tx, account, change, now)) {
      note_change(tx, *after, change);
      return std::move(*after);
    }
    if (!change.email) break;
    change.email.reset();  // another account has it
  }
  return account;
}

void join_groups(sql::Tx& tx, const AccountId& account, const std::vector<std::string>& wanted, const Source& source) {
  for (const auto& [key, name] : keyed(wanted)) join(tx, account, found_or_made(tx, key, name), source);
}

void mirror_groups(sql::Tx& tx, const AccountId& account, const std::vector<std::string>& wanted,
                   const Source& source) {
  auto missing = keyed(wanted);
  for (const auto& group : names::groups_of(tx, account)) {
    if (group.domain.text() != default_domain || missing.erase(label_key(group.name).value_or("")) != 0) continue;
    if (names::remove_member(tx, group.id, account)) note(tx, account, "group.left", group, source);
  }
  for (const auto& [key, name] : missing) join(tx, account, found_or_made(tx, key, name), source);
}

}  // namespace nephele::identity::ways
