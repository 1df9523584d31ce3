// SPDX-License-Identifier: Apache-2.0
// user-list, user-show, user-add, user-activation-send.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/visible.h"
#include "identity/account_name.h"
#include "identity/administration/store.h"
#include "identity/directory/store.h"
#include "identity/keystone/keystone.h"
#include "identity/verbs/post.h"
#include "identity/verbs/verbs.h"
#include "identity/ways/store.h"

namespace nephele::identity::verbs {

namespace {

using life::store::Listed;
using manage::Call;
using manage::Field;
using manage::Filters;
using manage::Op;
using manage::Out;
using manage::Pages;
using manage::Type;
using manage::Value;

constexpr std::size_t page_rows = 500;
constexpr std::size_t password_characters = 20;

/// Every column of user-list: user-show prints the same ones.
std::vector<Field<Listed>> user_fields() {
  return {
      {{"id", Type::integer, "the short number that verbs take"},
       [](const Listed& u) { return Value(u.account.number); }},
      {{"displayname", Type::text, "the name that is typed at sign-in"},
       [](const Listed& u) { return Value(u.account.name); }},
      {{"realname", Type::text, "first and last name"}, [](const Listed& u) { return Value(full_name(u.account)); }},
      {{"uuid", Type::text, "what other services know the user by; never changes"},
       [](const Listed& u) { return Value(u.account.id.text()); }},
      {{"active", Type::boolean, "may sign in"}, [](const Listed& u) { return Value(u.life.active); }},
      {{"admin", Type::boolean, "may do everything"}, [](const Listed& u) { return Value(u.account.admin); }},
      {{"email", Type::text, "e-mail address", false, "--display-mails"},
       [](const Listed& u) { return Value(u.account.email); }},
      {{"status", Type::text, "how far the account has come", false},
       [](const Listed& u) { return Value(life::status_text(u.life)); }},
      {{"verified", Type::boolean, "the e-mail address is proved", false},
       [](const Listed& u) { return Value(u.life.email_verified); }},
      {{"moderated", Type::boolean, "accepted or rejected", false},
       [](const Listed& u) { return Value(u.life.moderated); }},
      {{"rejected", Type::boolean, "rejected", false}, [](const Listed& u) { return Value(u.life.rejected); }},
      {{"activation_sent", Type::time, "when the last activation mail was written", false},
       [](const Listed& u) { return manage::optional_value(u.life.activation_sent); }},
      {{"groups", Type::list, "names of his groups", false}, [](const Listed& u) { return Value(u.groups); }},
      {{"providers", Type::list, "ways to sign in that he has", false, "--auth-providers"},
       [](const Listed& u) { return Value(u.providers); }},
      {{"last_login", Type::time, "when he last signed in", false},
       [](const Listed& u) { return manage::optional_value(u.account.last_login); }},
      {{"last_login_details", Type::text, "when he last signed in by which of his ways", false},
       [](const Listed& u) { return Value(u.last_logins); }},
      {{"date_joined", Type::time, "when the account was made", false},
       [](const Listed& u) { return Value(u.account.created); }},
  };
}

/// What options and filters of user-list leave.
struct Wanted {
  AccountFilter filter = {};  ///< goes into the query
  std::string name = {}, email = {};
  bool pending_verification = false, pending_moderation = false, never_mailed = false;
  std::vector<std::string> groups = {};

  bool operator()(const Listed& user) const {
    const auto state = state_of(user.life);
    const bool pending = pending_verification || pending_moderation;
    const bool right_state = (pending_verification && state == life::State::pending_verification) ||
                             (pending_moderation && state == life::State::pending_moderation);
    if (pending && !right_state) return false;
    if (never_mailed && (user.life.activation_sent || user.life.email_verified)) return false;
    if ((!name.empty() && user.account.name != name) || (!email.empty() && user.account.email != email)) return false;
    return groups.empty() || std::ranges::find_first_of(groups, user.groups) != groups.end();
  }
};

Wanted wanted_by(const Call& call, Filters& filters) {
  Wanted wanted{.pending_verification = call.has("--pending-verification") || call.has("--pending"),
                .pending_moderation = call.has("--pending-moderation") || call.has("--pending"),
                .never_mailed = call.has("--pending-send-mail"),
                .groups = call.all("--group")};
  wanted.filter.limit = page_rows;
  if (call.has("--active")) {
    wanted.filter.enabled = true;
  } else if (const auto active = filters.take("active", Op::equal)) {
    wanted.filter.enabled = std::get<bool>(*active);
  }
  // The query compares without the case of letters; the rest is judged by the row.
  if (const auto name = filters.take("displayname", Op::equal)) wanted.name = manage::text_of(*name);
  if (const auto email = filters.take("email", Op::equal)) wanted.email = manage::text_of(*email);
  wanted.filter.name = name_key(wanted.name).value_or(wanted.name);
  wanted.filter.email = name_key(wanted.email).value_or(wanted.email);
  return wanted;
}

void add_way(Listed& user, const std::string& module, const std::optional<Time>& last_login) {
  user.last_logins += fmt::format("{}{}: {}", user.last_logins.empty() ? "" : ", ", module,
                                  last_login ? iso8601(*last_login) : "never");
  user.providers.push_back(module);
}

void fill_in_providers(sql::Tx& tx, std::int64_t after, life::store::Page& page) {
  std::map<std::string_view, Listed*> users;
  for (auto& user : page.rows) users.emplace(user.account.id.text(), &user);
  for (const auto& way : ways::store::modules_between(tx, after, page.last))
    if (const auto found = users.find(way.account); found != users.end())
      add_way(*found->second, way.module, way.last_login);
}

Pages<Listed> users(Desk& desk, Ground& ground, Wanted wanted) {
  return [&desk, &ground, wanted = std::move(wanted), after = std::int64_t{0},
          ended = false]() mutable -> Result<std::vector<Listed>> {
    std::vector<Listed> found;
    while (found.empty() && !ended) {  // an empty answer would be the end of the list
      const auto read = [&](sql::Tx& tx) {
        auto page = life::store::page(tx, wanted.filter, after);
        fill_in_providers(tx, after, page);
        return page;
      };
      TRY(auto page, desk.threads().run(ground.database.read(read)));
      ended = page.rows.size() < page_rows;
      after = page.last;
      for (auto& user : page.rows)
        if (wanted(user)) found.push_back(std::move(user));
    }
    return found;
  };
}

manage::Verb user_list(Desk& desk) {
  auto table =
      manage::listing<Listed>(user_fields(), [&desk](const Call& call, Filters& filters) -> Result<Pages<Listed>> {
        TRY(Ground* const ground, desk.ground());
        return users(desk, *ground, wanted_by(call, filters));
      });
  return manage::list_verb("user-list", "users, in the order of their ids", std::move(table),
                           {{"--active", "", "only those that may sign in"},
                            {"--pending-moderation", "", "only those that wait for an administrator"},
                            {"--pending-verification", "", "only those whose address is not proved"},
                            {"-p,--pending", "", "both of these"},
                            {"-n,--pending-send-mail", "", "only those that got no activation mail yet"},
                            {"--group", "GROUP", "only members of one of these", true},
                            {"--display-mails", "", "with their addresses"},
                            {"--auth-providers", "", "with their ways to sign in"}});
}

Result<Listed> listed(Desk& desk, const Account& account) {
  TRY(Ground* const ground, desk.ground());
  const auto read = [&](sql::Tx& tx) {
    Listed user{.account = account, .life = life::store::life(tx, account.id).value_or(life::Life{}), .groups = {}};
    for (const auto& group : directory::store::groups_of(tx, account.id)) user.groups.push_back(group.name);
    for (const auto& way : ways::store::ways_of(tx, account.id)) add_way(user, way.module, way.last_login);
    return user;
  };
  return desk.threads().run(ground->database.read(read));
}

Result<std::vector<std::string>> projects_of(Desk& desk, const AccountId& account) {
  TRY(Ground* const ground, desk.ground());
  const auto read = [&](sql::Tx& tx) {
    std::vector<std::string> found;
    for (const auto& project : directory::store::projects_of(tx, account))
      found.push_back(project.id.text() + " " + project.name);
    return found;
  };
  return desk.threads().run(ground->database.read(read));
}

Result<administration::store::Extras> extras_of(Desk& desk, const AccountId& account) {
  TRY(Ground* const ground, desk.ground());
  const auto read = [&](sql::Tx& tx) { return administration::store::extras(tx, account); };
  return desk.threads().run(ground->database.read(read));
}

Result<> show_user(Desk& desk, const Call& call, Out& out) {
  TRY(const auto account, find_user(desk, call.text("USER").value_or("")));
  TRY(const auto user, listed(desk, account));
  manage::Sheet sheet;
  for (const auto& field : user_fields()) sheet.emplace_back(field.column.name, field.get(user));
  // By the names that scripts over Astakos look for.
  sheet.emplace_back("username", account.name);
  sheet.emplace_back("email_verified", user.life.email_verified);
  sheet.emplace_back("activation_sent_date", manage::optional_value(user.life.activation_sent));
  sheet.emplace_back("first_name", account.first_name);
  sheet.emplace_back("last_name", account.last_name);
  sheet.emplace_back("last_update", account.updated);
  sheet.emplace_back("default_project", account.default_project.text());
  TRY(const auto extras, extras_of(desk, account.id));
  sheet.emplace_back("token_expires", manage::optional_value(extras.token_expires));
  sheet.emplace_back("level", extras.level);
  sheet.emplace_back("invitations", extras.invitations);
  sheet.emplace_back("permissions", extras.permissions);
  sheet.emplace_back("rejected_reason", user.life.rejected_reason);
  sheet.emplace_back("deactivated_reason", user.life.deactivated_reason);
  sheet.emplace_back("terms", user.life.terms == 0 ? Value() : Value(user.life.terms));
  sheet.emplace_back("terms_signed", manage::optional_value(user.life.terms_at));
  if (call.has("--projects")) {
    TRY(auto projects, projects_of(desk, account.id));
    sheet.emplace_back("projects", std::move(projects));
  }
  if (call.has("--quota")) {
    TRY(auto lines, quota_lines(desk, account.id, call));
    sheet.emplace_back("quota", std::move(lines));
  }
  print_sheet(sheet, call.format(), out);
  return {};
}

Result<> add_user(Desk& desk, const Call& call, Out& out) {
  TRY(Ground* const ground, desk.ground());
  TRY(life::AccountLife* const life, desk.life());
  for (const auto& permission : call.all("--permission")) TRY_VOID(check_label("permission", permission));
  std::vector<GroupId> groups;
  for (const auto& name : call.all("--group")) {
    const auto find = [&](sql::Tx& tx) { return find_group(tx, name); };
    TRY(const auto group, desk.threads().run(ground->database.read(find)));
    groups.push_back(group.id);
  }
  auto given = call.secret("--password");
  const auto hash = call.secret("--password-hash");
  if (given && hash) return fail(Kind::invalid, "--password and --password-hash exclude each other; give one");
  const std::string generated = given || hash ? "" : random_password(password_characters);
  if (!given && !hash) given = Secret(generated);
  NewAccount wanted{.password = std::move(given),
                    .password_hash = hash ? hash->reveal() : std::string(),
                    .admin = call.has("--admin"),
                    .email = call.text("EMAIL").value_or(""),
                    .first_name = call.text("FIRST").value_or(""),
                    .last_name = call.text("LAST").value_or("")};
  TRY(const auto account, desk.threads().run(life->add(std::move(wanted), std::move(groups), administrator)));
  for (const auto& permission : call.all("--permission")) {
    const auto grant = [&, now = ground->clock.now()](sql::Tx& tx) {
      administration::store::add_permission(tx, account.id, permission);
      note(tx, now, "account.permission_added", permission, account.id);
    };
    TRY_VOID(desk.threads().run(ground->database.write(grant)));
  }
  if (account.admin)
    TRY_VOID(desk.threads().run(keystone::make_administrator(ground->database, ground->clock, account.id)));
  out.print(fmt::format("User created with id {} and uuid {}\n", account.number, account.id.text()));
  if (!generated.empty()) out.print_secret(fmt::format("password: {}\n", generated));
  if (hash) warn_if_dear(hash->reveal(), account, out);
  return {};
}

/// True when the user got his mail or will get it.
Result<bool> send_activation(Desk& desk, const std::string& wanted, SteadyTime deadline, Out& out) {
  const auto account = find_user(desk, wanted);
  if (!account && account.error().kind() != Kind::not_found) return fail(account.error());
  if (!account) {
    out.print(fmt::format("Unknown user '{}'\n", visible(wanted)));
    return false;
  }
  TRY(const auto user, listed(desk, *account));
  if (user.life.email_verified) {
    out.print(fmt::format("User email already verified '{}'\n", visible(account->email)));
    return false;
  }
  TRY(Ground* const ground, desk.ground());
  TRY(life::AccountLife* const life, desk.life());
  TRY_VOID(desk.post());
  const Time since = from_ms(to_ms(ground->clock.now()));
  TRY_VOID(desk.threads().run(life->send_activation(account->id, true, administrator)));
  TRY(const auto fates, await_mails(desk, account->id, since, deadline));
  TRY_VOID(report(fates, out));
  if (fates.empty()) return fail(Kind::internal, "the mail that was written down is not among the operations");
  if (std::ranges::all_of(fates, [](const MailFate& fate) { return fate.end == MailFate::End::sent; }))
    out.print(fmt::format("Activation sent to '{}'\n", visible(account->email)));
  return true;
}

Result<> send_activations(Desk& desk, const Call& call, Out& out) {
  const auto deadline = in(patience);
  std::size_t without = 0;
  const auto& users = call.all("USER");
  for (const auto& wanted : users) {
    const auto sent = send_activation(desk, wanted, deadline, out);
    if (!sent && (users.size() == 1 || sent.error().kind() == Kind::unavailable)) return fail(sent.error());
    if (!sent) out.print(fmt::format("Error -- {}: {}\n", visible(wanted), visible(sent.error().sentence())));
    if (!sent || !*sent) ++without;
  }
  if (without > 0) return fail(Kind::conflict, fmt::format("{} of {} got no activation mail", without, users.size()));
  return {};
}

}  // namespace

std::vector<manage::Verb> user_verbs(Desk& desk) {
  return {
      user_list(desk),
      {.name = "user-show",
       .help = "everything about one user",
       .arguments = {{"USER", "his id, e-mail address, uuid or name"}},
       .options = {{"--quota", "", "and what he may use and does"},
                   {"--projects", "", "and the projects in which he has a role"},
                   unit_style},
       .run = [&desk](const Call& call, Out& out) { return show_user(desk, call, out); }},
      {.name = "user-add",
       .help = "makes a user, who must be verified and accepted like any other",
       .arguments = {{"EMAIL", "his address, by which he signs in"}, {"FIRST", "first name"}, {"LAST", "last name"}},
       .options = {{"--password", "PASSWORD", "else one is made and printed", false, true},
                   {"--password-hash", "HASH", "that of one, as Django has it", false, true},
                   {"--admin", "", "may do everything"},
                   {"-g,--group", "GROUP", "a group that he is to be in", true},
                   {"-p,--permission", "PERMISSION", "one that he is to have, such as im.can_access_userinfo", true}},
       .run = [&desk](const Call& call, Out& out) { return add_user(desk, call, out); }},
      {.name = "user-activation-send",
       .help = "mails a link that proves the address; from an administrator it is his approval too",
       .arguments = {{"USER", "id, e-mail address, uuid or name", true}},
       .run = [&desk](const Call& call, Out& out) { return send_activations(desk, call, out); }},
  };
}

}  // namespace nephele::identity::verbs
