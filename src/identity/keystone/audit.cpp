// SPDX-License-Identifier: Apache-2.0
#include "identity/keystone/audit.h"

#include "identity/life/store.h"

namespace nephele::identity::keystone {

void note(sql::Tx& tx, const Desk& desk, const Standing& caller, std::string event, std::string details,
          const AccountId& about) {
  life::store::insert(tx, {.at = desk.clock.now(),
                           .account = about.text(),
                           .actor = caller.token.account.id.text(),
                           .event = std::move(event),
                           .details = std::move(details)});
}

std::string members_of(const json::Object& body) {
  std::string out;
  for (const auto& [name, value] : body) {
    if (name.size() > 64) continue;  // nothing that we know
    out += (out.empty() ? " (" : ", ") + name;
    if (const auto* flag = value.if_bool()) out += *flag ? "=True" : "=False";
  }
  return out.empty() ? out : out + ")";
}

std::string words_of(const Assignment& assignment) {
  std::string out = "role " + assignment.role.text() + " for " + std::string(to_string(assignment.actor.kind)) + " " +
                    assignment.actor.id + " in " + std::string(to_string(assignment.target.kind));
  if (assignment.target.kind != TargetKind::system) out += " " + assignment.target.id;
  return assignment.inherited ? out + " and below" : out;
}

}  // namespace nephele::identity::keystone
