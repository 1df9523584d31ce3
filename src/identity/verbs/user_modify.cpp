// SPDX-License-Identifier: Apache-2.0
// user-modify: each option is one change, and they are made in the order of the table below.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iostream>

#include "base/ascii.h"
#include "base/visible.h"
#include "identity/account_name.h"
#include "identity/administration/store.h"
#include "identity/directory/store.h"
#include "identity/keystone/keystone.h"
#include "identity/store.h"
#include "identity/verbs/post.h"
#include "identity/verbs/verbs.h"
#include "manage/items.h"

namespace nephele::identity::verbs {

namespace {

using manage::Call;
using manage::Out;

constexpr std::size_t password_characters = 20;

/// What one change is made with.
struct Bench {
  Desk& desk;
  Ground& ground;
  const Call& call;
  Out& out;
  Account account;
  bool let_in = false;  ///< by a change before

  template <class T>
  T run(Task<T> task) {
    return desk.threads().run(std::move(task));
  }
  std::string word(std::string_view option) const { return call.text(option).value_or(""); }
  void say(std::string_view what) { out.print(fmt::format("User '{}' {}\n", visible(account.name), what)); }
  Result<> change(AccountChange wanted) {
    wanted.actor = administrator;
    TRY(account, run(ground.identity.change(account.id, std::move(wanted))));
    return {};
  }
};

void note(sql::Tx& tx, const Bench& bench, std::string event, std::string details) {
  verbs::note(tx, bench.ground.clock.now(), std::move(event), std::move(details), bench.account.id);
}

Result<> set_email(Bench& bench) {
  TRY_VOID(bench.change({.email = bench.word("--set-email")}));
  bench.say(fmt::format("has the address {}", visible(bench.account.email)));
  return {};
}

Result<> set_password(Bench& bench) {
  TRY_VOID(bench.change({.password = bench.call.secret("--password")}));
  bench.say("has a new password");
  return {};
}

Result<> import_hash(Bench& bench) {
  const auto hash = bench.call.secret("--password-hash");
  TRY_VOID(bench.change({.password_hash = hash ? hash->reveal() : std::string()}));
  bench.say("has the password of this hash");
  if (hash) warn_if_dear(hash->reveal(), bench.account, bench.out);
  return {};
}

Result<> renew_password(Bench& bench) {
  const std::string password = random_password(password_characters);
  TRY_VOID(bench.change({.password = Secret(password)}));
  bench.say("has a new password");
  bench.out.print_secret(fmt::format("password: {}\n", password));
  return {};
}

Result<> set_admin(Bench& bench) {
  TRY_VOID(bench.change({.admin = true}));
  TRY_VOID(bench.run(keystone::make_administrator(bench.ground.database, bench.ground.clock, bench.account.id)));
  bench.say("is an administrator");
  return {};
}

Result<> set_noadmin(Bench& bench) {
  TRY_VOID(bench.run(keystone::unmake_administrator(bench.ground.database, bench.account.id)));
  TRY_VOID(bench.change({.admin = false}));
  bench.say("is no administrator");
  return {};
}

/// The guide's early word for it.
Result<> set_type(Bench& bench) {
  const std::string type = ascii::uppered(bench.word("--type"));
  if (type == "ADMIN") return set_admin(bench);
  if (type == "USER") return set_noadmin(bench);
  return fail(Kind::invalid, fmt::format("there is no type of user \"{}\"; write ADMIN or USER", visible(type)));
}

Result<> set_default_project(Bench& bench) {
  const ProjectId project(bench.word("--set-default-project"));
  TRY(auto* const projects, bench.desk.projects());
  auto done = bench.run(projects->set_default(projects::Projects::the_operator(), bench.account.id, project));
  if (!done && done.error().kind() == Kind::forbidden)
    return fail(Kind::forbidden, fmt::format("he is no accepted member of project {}", visible(project.text())));
  if (!done) return done;
  bench.say(fmt::format("has the default project {}", project.text()));
  return {};
}

Result<> add_groups(Bench& bench) {
  for (const auto& name : bench.call.all("--add-group")) {
    TRY_VOID(bench.run(bench.ground.database.write([&](sql::Tx& tx) -> Result<> {
      TRY(const auto group, find_group(tx, name));
      directory::store::add_member(tx, group.id, bench.account.id);
      note(tx, bench, "group.joined", "group " + group.id.text() + " " + group.name);
      return {};
    })));
    bench.say(fmt::format("is in the group {}", visible(name)));
  }
  return {};
}

Result<> delete_groups(Bench& bench) {
  for (const auto& name : bench.call.all("--delete-group")) {
    TRY_VOID(bench.run(bench.ground.database.write([&](sql::Tx& tx) -> Result<> {
      TRY(const auto group, find_group(tx, name));
      if (!directory::store::remove_member(tx, group.id, bench.account.id))
        return fail(Kind::not_found, fmt::format("the user is not in the group \"{}\"", name));
      note(tx, bench, "group.left", "group " + group.id.text() + " " + group.name);
      return {};
    })));
    bench.say(fmt::format("is not in the group {}", visible(name)));
  }
  return {};
}

Result<> verify(Bench& bench) {
  TRY(auto* const life, bench.desk.life());
  return with_mails(bench.desk, bench.account.id, bench.out, [&]() -> Result<> {
    TRY(const auto outcome, bench.run(life->verify(bench.account.id, administrator)));
    bench.let_in = outcome == life::Outcome::activated;
    bench.say(bench.let_in ? "is verified and active" : "is verified");
    return {};
  });
}

Result<> accept(Bench& bench) {
  if (bench.let_in) return {};  // --verify was enough: nobody moderates him, or a mail of ours was his approval
  TRY(auto* const life, bench.desk.life());
  return with_mails(bench.desk, bench.account.id, bench.out, [&]() -> Result<> {
    TRY_VOID(bench.run(life->accept(bench.account.id, administrator)));
    bench.say("is accepted and active");
    return {};
  });
}

Result<> reject(Bench& bench) {
  TRY(auto* const life, bench.desk.life());
  TRY_VOID(bench.run(life->reject(bench.account.id, bench.word("--reject-reason"), administrator)));
  bench.say("is rejected");
  return {};
}

Result<> activate(Bench& bench) {
  TRY(auto* const life, bench.desk.life());
  TRY_VOID(bench.run(life->activate(bench.account.id, administrator)));
  bench.say("is active");
  return {};
}

Result<> deactivate(Bench& bench) {
  TRY(auto* const life, bench.desk.life());
  TRY_VOID(bench.run(life->deactivate(bench.account.id, bench.word("--inactive-reason"), administrator)));
  bench.say("is inactive");
  return {};
}

Result<> sign_terms(Bench& bench) {
  TRY(auto* const life, bench.desk.life());
  TRY_VOID(bench.run(life->agree(bench.account.id, administrator)));
  bench.say("has signed the terms");
  return {};
}

Result<> remove_user(Bench& bench) {
  TRY(auto* const life, bench.desk.life());
  TRY(const auto shown, bench.run(life->show(bench.account.id)));
  if (shown.life.accepted())
    return fail(Kind::conflict, "an account that was accepted is not deleted; --set-inactive keeps its owner out");
  const std::string question = fmt::format("delete user {} ({})?", bench.account.number, visible(bench.account.name));
  if (!bench.call.has("--no-confirm") && !manage::confirmed(question, bench.out, std::cin))
    return fail(Kind::conflict, "nothing was deleted");
  TRY_VOID(bench.run(bench.ground.identity.remove(bench.account.id, administrator)));
  bench.say("is deleted");
  return {};
}

/// A transaction about this account, with its row of the audit log.
template <class F>
Result<> noted(Bench& bench, std::string event, std::string details, F change) {
  return bench.run(bench.ground.database.write([&](sql::Tx& tx) -> Result<> {
    TRY_VOID(Result<>(change(tx)));
    note(tx, bench, event, details);
    return {};
  }));
}

/// A whole number from 0 on.
Result<std::int64_t> number_in(const Bench& bench, std::string_view option) {
  TRY(const auto number, bench.call.integer(option));
  if (!number || *number < 0) return fail(Kind::invalid, fmt::format("{} is a number from 0 on", option));
  return *number;
}

Result<> set_level(Bench& bench) {
  TRY(const auto level, number_in(bench, "--level"));
  TRY_VOID(noted(bench, "account.level", std::to_string(level), [&](sql::Tx& tx) -> Result<> {
    administration::store::set_level(tx, bench.account.id, level);
    return {};
  }));
  bench.say(fmt::format("has the level {}", level));
  return {};
}

Result<> set_invitations(Bench& bench) {
  TRY(const auto invitations, number_in(bench, "--invitations"));
  TRY_VOID(noted(bench, "account.invitations", std::to_string(invitations), [&](sql::Tx& tx) -> Result<> {
    administration::store::set_invitations(tx, bench.account.id, invitations);
    return {};
  }));
  bench.say(fmt::format("may send {} invitations", invitations));
  return {};
}

Result<> add_permissions(Bench& bench) {
  for (const auto& name : bench.call.all("--add-permission")) {
    TRY_VOID(check_label("permission", name));
    TRY_VOID(noted(bench, "account.permission_added", name, [&](sql::Tx& tx) -> Result<> {
      administration::store::add_permission(tx, bench.account.id, name);
      return {};
    }));
    bench.say(fmt::format("has the permission {}", visible(name)));
  }
  return {};
}

Result<> delete_permissions(Bench& bench) {
  for (const auto& name : bench.call.all("--delete-permission")) {
    TRY_VOID(noted(bench, "account.permission_removed", name, [&](sql::Tx& tx) -> Result<> {
      if (administration::store::remove_permission(tx, bench.account.id, name)) return {};
      return fail(Kind::not_found, fmt::format("the user has no permission \"{}\"", name));
    }));
    bench.say(fmt::format("has no more the permission {}", visible(name)));
  }
  return {};
}

/// Other tokens and sessions end, as when their owner renews.
Result<> renew_token(Bench& bench) {
  TRY(const auto issued, bench.run(bench.ground.identity.renew_token(bench.account.id, {.actor = administrator})));
  bench.say(fmt::format("has a new token, good until {}", iso8601(issued.expires)));
  bench.out.print_secret(fmt::format("token: {}\n", issued.token.reveal()));
  return {};
}

struct Change {
  std::string_view option;
  std::string_view value;
  std::string_view help;
  Result<> (*make)(Bench&);
  bool repeated = false;
};
constexpr std::array changes{
    Change{"--set-email", "EMAIL", "a new address; who signs in by the old one does so by the new", set_email},
    Change{"--password", "PASSWORD", "a new password; ends his tokens", set_password},
    Change{"--password-hash", "HASH", "that of a password as Django has it; ends his tokens", import_hash},
    Change{"--renew-password", "", "a new password is made and printed; ends his tokens", renew_password},
    Change{"--level", "N", "his level, 0 to 4", set_level},
    Change{"--invitations", "N", "how many people he may invite", set_invitations},
    Change{"--add-permission", "PERMISSION", "such as im.can_access_userinfo", add_permissions, true},
    Change{"--delete-permission", "PERMISSION", "takes one from him", delete_permissions, true},
    Change{"--type", "TYPE", "ADMIN or USER, as --set-admin and --set-noadmin", set_type},
    Change{"--set-admin", "", "he may do everything", set_admin},
    Change{"--set-noadmin", "", "he may no more", set_noadmin},
    Change{"--add-group", "GROUP", "puts him into a group", add_groups, true},
    Change{"--delete-group", "GROUP", "takes him out of a group", delete_groups, true},
    Change{"--verify", "", "his address is right without a mail", verify},
    Change{"--accept", "", "he is let in", accept},
    Change{"--reject", "", "he is not let in", reject},
    Change{"--set-active", "", "he may sign in again", activate},
    Change{"--set-inactive", "", "his password and tokens are refused", deactivate},
    Change{"--sign-terms", "", "he agrees to the terms of use", sign_terms},
    Change{"--set-default-project", "PROJECT", "id of the project that is his default", set_default_project},
    Change{"--renew-token", "", "a new token is made and printed; his other tokens and sessions end", renew_token},
    Change{"--delete", "", "deletes an account that was never accepted", remove_user},
};

Result<> check_options(const Call& call) {
  for (const auto& [one, other] :
       {std::pair{"--set-active", "--set-inactive"}, std::pair{"--set-admin", "--set-noadmin"},
        std::pair{"--accept", "--reject"}, std::pair{"--password", "--renew-password"},
        std::pair{"--password", "--password-hash"}, std::pair{"--password-hash", "--renew-password"},
        std::pair{"--type", "--set-admin"}, std::pair{"--type", "--set-noadmin"}})
    if (call.has(one) && call.has(other))
      return fail(Kind::invalid, fmt::format("{} and {} exclude each other; give one", one, other));
  if (std::ranges::none_of(changes, [&](const Change& change) { return call.has(change.option); }))
    return fail(Kind::invalid, "nothing to change; user-modify --help shows what can be");
  return {};
}

Result<> modify_user(Desk& desk, const Call& call, Out& out) {
  TRY_VOID(check_options(call));
  TRY(Ground* const ground, desk.ground());
  TRY(auto account, find_user(desk, call.text("USER").value_or("")));
  Bench bench{.desk = desk, .ground = *ground, .call = call, .out = out, .account = std::move(account)};
  for (const auto& change : changes)
    if (call.has(change.option)) TRY_VOID(change.make(bench));
  return {};
}

}  // namespace

std::vector<manage::Verb> user_modify_verbs(Desk& desk) {
  std::vector<manage::Option> options;
  for (const auto& change : changes)
    options.push_back({.names = std::string(change.option),
                       .value = std::string(change.value),
                       .help = std::string(change.help),
                       .repeated = change.repeated,
                       .secret = change.option.starts_with("--password")});
  options.push_back({"--reject-reason", "TEXT", "with --reject: why"});
  options.push_back({"--inactive-reason", "TEXT", "with --set-inactive: why"});
  options.push_back({"-f,--no-confirm", "", "with --delete: does not ask"});
  return {{.name = "user-modify",
           .help = "changes one user",
           .arguments = {{"USER", "his id, e-mail address, uuid or name"}},
           .options = std::move(options),
           .run = [&desk](const Call& call, Out& out) { return modify_user(desk, call, out); }}};
}

}  // namespace nephele::identity::verbs
