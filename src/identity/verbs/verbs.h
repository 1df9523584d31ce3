// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "identity/manage.h"

/// The verbs of snf-manage, by what they are about (contract astakos, 12), and what several of them need.
namespace nephele::identity::verbs {

std::vector<manage::Verb> user_verbs(Desk& desk);         ///< user-list, user-show, user-add, user-activation-send
std::vector<manage::Verb> user_modify_verbs(Desk& desk);  ///< user-modify
std::vector<manage::Verb> policy_verbs(Desk& desk);       ///< authpolicy-add, -list, -show, -set, -remove
std::vector<manage::Verb> group_verbs(Desk& desk);        ///< group-add, group-list, term-add
std::vector<manage::Verb> quota_verbs(Desk& desk);        ///< resource-list, resource-modify, quota-list, quota-verify
std::vector<manage::Verb> commission_verbs(Desk& desk);   ///< commission-list, commission-show
std::vector<manage::Verb> component_verbs(Desk& desk);    ///< component-add, -list, -show, -modify, -remove
std::vector<manage::Verb> service_verbs(Desk& desk);      ///< service-import, -list, -show
std::vector<manage::Verb> upkeep_verbs(Desk& desk);       ///< audit-list, stats-astakos, fix-superusers, cleanup-full

std::vector<manage::Verb> project_verbs(Desk& desk);          ///< project-list, project-show
std::vector<manage::Verb> project_control_verbs(Desk& desk);  ///< project-control, project-modify
std::vector<manage::Verb> reconcile_verbs(Desk& desk);        ///< reconcile-resources-astakos
std::vector<manage::Verb> oauth2_verbs(Desk& desk);  ///< oauth2-client-add, oauth2-client-list, oauth2-client-remove

/// Who did it, for the audit log.
inline constexpr const char* administrator = "operator";

/// A row of the audit log, in the transaction of what it tells.
void note(sql::Tx& tx, Time now, std::string event, std::string details, const AccountId& about = {});
/// A user by number, uuid, e-mail address or name, in this order. Fails with `not_found` and a sentence.
Result<Account> find_user(Desk& desk, const std::string& wanted);
/// A group of the default domain by name, or any by id. Fails with `not_found`.
Result<Group> find_group(sql::Tx& tx, const std::string& wanted);
/// Says so when sign-ins are dear as long as Django's `hash` is the account's.
void warn_if_dear(std::string_view hash, const Account& account, manage::Out& out);
/// "PROJECT RESOURCE USAGE of LIMIT" for each holding of a user; `call` has --unit-style.
Result<std::vector<std::string>> quota_lines(Desk& desk, const AccountId& account, const manage::Call& call);
inline const manage::Option unit_style{"--unit-style", "STYLE", "b, kb, mb, gb, tb, pb, auto (the default) or none"};

}  // namespace nephele::identity::verbs
