// SPDX-License-Identifier: Apache-2.0
// authpolicy-add, authpolicy-list, authpolicy-show, authpolicy-set, authpolicy-remove.
#include <fmt/format.h>

#include <array>

#include "base/visible.h"
#include "identity/account_name.h"
#include "identity/verbs/verbs.h"
#include "identity/ways/store.h"

namespace nephele::identity::verbs {

namespace {

using manage::Call;
using manage::Field;
using manage::Filters;
using manage::Out;
using manage::Pages;
using manage::Type;
using manage::Value;
using ways::Overrides;
using ways::Profile;
using ways::store::Assigned;

struct Policy {
  std::string_view name;
  std::optional<bool> Overrides::* value;
  std::string_view help;
};
constexpr std::array policies{
    Policy{"login", &Overrides::login, "they may sign in by it"},
    Policy{"create", &Overrides::create, "they may sign up by it"},
    Policy{"add", &Overrides::add, "they may add it to their accounts"},
    Policy{"remove", &Overrides::remove, "they may take it off their accounts"},
    Policy{"required", &Overrides::required, "their accounts must have it"},
    Policy{"automoderate", &Overrides::automoderate, "accounts that have it need no administrator"},
};

std::string option(std::string_view name) {
  return fmt::format("--{}-policy", name);
}
std::string unset(std::string_view name) {
  return fmt::format("--unset-{}-policy", name);
}

Value shown(const std::optional<bool>& value) {
  return value ? Value(*value) : Value();
}

std::vector<Field<Assigned>> profile_fields() {
  return {
      {{"id", Type::integer, "in the order in which they were made"},
       [](const Assigned& a) { return Value(a.profile.number); }},
      {{"name", Type::text, "what verbs call it"}, [](const Assigned& a) { return Value(a.profile.name); }},
      {{"provider", Type::text, "the way to sign in that it is about"},
       [](const Assigned& a) { return Value(a.profile.provider); }},
      {{"exclusive", Type::boolean, "it is about all others instead"},
       [](const Assigned& a) { return Value(a.profile.exclusive); }},
      {{"groups", Type::list, "ids of the groups that it holds for"},
       [](const Assigned& a) { return Value(a.groups); }},
      {{"users", Type::list, "uuids of the users that it holds for"}, [](const Assigned& a) { return Value(a.users); }},
      {{"priority", Type::integer, "of two that hold the higher one wins", false},
       [](const Assigned& a) { return Value(a.profile.priority); }},
      {{"active", Type::boolean, "it holds at all", false}, [](const Assigned& a) { return Value(a.profile.active); }},
  };
}

std::unexpected<Error> no_profile(const std::string& name) {
  return fail(Kind::not_found, fmt::format("there is no profile \"{}\"; authpolicy-list shows those that are", name));
}

manage::Verb list_profiles(Desk& desk) {
  auto table = manage::listing<Assigned>(profile_fields(), [&desk](const Call&, Filters&) -> Result<Pages<Assigned>> {
    TRY(Ground* const ground, desk.ground());
    TRY(auto all, desk.threads().run(ground->database.read([](sql::Tx& tx) { return ways::store::profiles(tx); })));
    return manage::one_page(std::move(all));
  });
  return manage::list_verb("authpolicy-list", "exceptions for ways to sign in", std::move(table));
}

Result<> take_policies(const Call& call, Overrides& into) {
  for (const auto& policy : policies) {
    TRY(const auto value, call.boolean(option(policy.name)));
    if (value) into.*policy.value = value;
    if (call.has(unset(policy.name))) (into.*policy.value).reset();
  }
  TRY(const auto limit, call.integer("--limit-policy"));
  if (limit && *limit < 0) return fail(Kind::invalid, "--limit-policy must be 0 or more");
  if (limit) into.limit = limit;
  if (call.has("--unset-limit-policy")) into.limit.reset();
  return {};
}

Result<> add_profile(Desk& desk, const Call& call, Out& out) {
  const std::string name = call.text("NAME").value_or(""), provider = call.text("PROVIDER").value_or("");
  TRY_VOID(check_label("profile", name));
  if (provider != "local" && provider != "ldap" && provider != "shibboleth")
    return fail(Kind::invalid, "PROVIDER must be local, ldap or shibboleth");
  TRY(const auto priority, call.integer("--priority"));
  Overrides checked;
  TRY_VOID(take_policies(call, checked));
  TRY(Ground* const ground, desk.ground());
  const Time now = ground->clock.now();
  TRY(const bool updated, desk.threads().run(ground->database.write([&](sql::Tx& tx) -> Result<bool> {
    auto known = ways::store::profile(tx, name);
    if (known && !call.has("--update"))
      return fail(Kind::conflict, fmt::format("there is a profile \"{}\" already; --update changes it", name));
    Profile profile = known ? known->profile : Profile{.name = name};
    profile.provider = provider;
    profile.exclusive = call.has("--exclusive");
    if (priority) profile.priority = *priority;
    TRY_VOID(take_policies(call, profile.overrides));
    if (known)
      ways::store::update(tx, profile);
    else if (!ways::store::insert(tx, profile))
      return fail(Kind::conflict, fmt::format("there is a profile \"{}\" already", name));
    note(tx, now, "authpolicy.kept", name);
    return known.has_value();
  })));
  out.print(fmt::format("Policy profile '{}' {}\n", visible(name), updated ? "updated" : "created"));
  return {};
}

Result<> show_profile(Desk& desk, const Call& call, Out& out) {
  const std::string name = call.text("NAME").value_or("");
  TRY(Ground* const ground, desk.ground());
  TRY(const auto found,
      desk.threads().run(ground->database.read([&](sql::Tx& tx) { return ways::store::profile(tx, name); })));
  if (!found) return no_profile(name);
  manage::Sheet sheet;
  for (const auto& field : profile_fields()) sheet.emplace_back(field.column.name, field.get(*found));
  const auto& overrides = found->profile.overrides;
  for (const auto& policy : policies)
    sheet.emplace_back(std::string(policy.name) + "_policy", shown(overrides.*policy.value));
  sheet.emplace_back("limit_policy", overrides.limit ? Value(*overrides.limit) : Value());
  print_sheet(sheet, call.format(), out);
  return {};
}

Result<> set_profile(Desk& desk, const Call& call, Out& out) {
  const std::string name = call.text("NAME").value_or("");
  std::vector<AccountId> users;
  for (const auto& wanted : call.all("--user")) {
    TRY(const auto user, find_user(desk, wanted));
    users.push_back(user.id);
  }
  TRY(Ground* const ground, desk.ground());
  const Time now = ground->clock.now();
  TRY_VOID(desk.threads().run(ground->database.write([&](sql::Tx& tx) -> Result<> {
    const auto found = ways::store::profile(tx, name);
    if (!found) return no_profile(name);
    std::vector<GroupId> groups;
    for (const auto& wanted : call.all("--group")) {
      TRY(const auto group, find_group(tx, wanted));
      groups.push_back(group.id);
    }
    ways::store::assign(tx, found->profile.number, users, groups);
    note(tx, now, "authpolicy.assigned", name);
    return {};
  })));
  out.print(fmt::format("Policy profile '{}' holds for {} users and {} groups\n", visible(name), users.size(),
                        call.all("--group").size()));
  return {};
}

Result<> remove_profile(Desk& desk, const Call& call, Out& out) {
  const std::string name = call.text("NAME").value_or("");
  TRY(Ground* const ground, desk.ground());
  const Time now = ground->clock.now();
  TRY_VOID(desk.threads().run(ground->database.write([&](sql::Tx& tx) -> Result<> {
    if (!ways::store::remove_profile(tx, name)) return no_profile(name);
    note(tx, now, "authpolicy.removed", name);
    return {};
  })));
  out.print(fmt::format("Policy profile '{}' removed\n", visible(name)));
  return {};
}

std::vector<manage::Option> add_options() {
  std::vector<manage::Option> options{{"--update", "", "changes the one of this name"},
                                      {"--exclusive", "", "holds for all ways but PROVIDER"},
                                      {"--priority", "NUMBER", "of two that hold the higher one wins; 1 is usual"}};
  for (const auto& policy : policies) {
    options.push_back({option(policy.name), "BOOL", std::string(policy.help)});
    options.push_back({unset(policy.name), "", fmt::format("says nothing of \"{}\" any more", policy.name)});
  }
  options.push_back({"--limit-policy", "NUMBER", "so many of them an account may have"});
  options.push_back({"--unset-limit-policy", "", "says nothing of \"limit\" any more"});
  return options;
}

}  // namespace

std::vector<manage::Verb> policy_verbs(Desk& desk) {
  const manage::Argument name{"NAME", "of the profile"};
  return {
      {.name = "authpolicy-add",
       .help = "exceptions for a way to sign in, for users and groups that authpolicy-set names",
       .arguments = {name, {"PROVIDER", "local, ldap or shibboleth"}},
       .options = add_options(),
       .run = [&desk](const Call& call, Out& out) { return add_profile(desk, call, out); }},
      list_profiles(desk),
      {.name = "authpolicy-show",
       .help = "everything about one of them",
       .arguments = {name},
       .run = [&desk](const Call& call, Out& out) { return show_profile(desk, call, out); }},
      {.name = "authpolicy-set",
       .help = "whom it holds for from now on; whoever is not named it holds for no longer",
       .arguments = {name},
       .options = {{"--group", "GROUP", "a group's name or id", true},
                   {"--user", "USER", "a user's id, e-mail address, uuid or name", true}},
       .run = [&desk](const Call& call, Out& out) { return set_profile(desk, call, out); }},
      {.name = "authpolicy-remove",
       .help = "takes one away; users and groups stay",
       .arguments = {name},
       .run = [&desk](const Call& call, Out& out) { return remove_profile(desk, call, out); }},
  };
}

}  // namespace nephele::identity::verbs
