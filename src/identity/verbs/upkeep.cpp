// SPDX-License-Identifier: Apache-2.0
// audit-list, stats-astakos, fix-superusers, cleanup-full.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/quantity.h"
#include "base/visible.h"
#include "identity/administration/store.h"
#include "identity/directory/store.h"
#include "identity/keystone/keystone.h"
#include "identity/store.h"
#include "identity/verbs/verbs.h"

namespace nephele::identity::verbs {

namespace {

using administration::store::Entry;
using manage::Call;
using manage::Field;
using manage::Filters;
using manage::Op;
using manage::Out;
using manage::Pages;
using manage::Type;
using manage::Value;

constexpr std::size_t page_rows = 500;

// ---- the audit log

struct ShownEvent {
  Entry entry;
  std::string user = {};  ///< name of the account that it is about
};

std::vector<Field<ShownEvent>> event_fields() {
  return {
      {{"at", Type::time, "when"}, [](const ShownEvent& e) { return Value(e.entry.event.at); }},
      {{"event", Type::text, "what happened"}, [](const ShownEvent& e) { return Value(e.entry.event.event); }},
      {{"user", Type::text, "whose account it is about; its uuid once it is gone"},
       [](const ShownEvent& e) { return Value(e.user.empty() ? e.entry.event.account : e.user); }},
      {{"actor", Type::text, "who did it: a uuid, or operator for commands of this machine"},
       [](const ShownEvent& e) { return Value(e.entry.event.actor); }},
      {{"details", Type::text, "what it was exactly"},
       [](const ShownEvent& e) { return Value(e.entry.event.details); }},
      {{"uuid", Type::text, "of the account", false}, [](const ShownEvent& e) { return Value(e.entry.event.account); }},
  };
}

std::vector<ShownEvent> named(sql::Tx& tx, std::vector<Entry> entries) {
  std::vector<ShownEvent> out;
  std::map<std::string, std::string> names;
  for (auto& entry : entries) {
    auto [known, fresh] = names.try_emplace(entry.event.account);
    if (fresh && !known->first.empty())
      if (const auto found = store::find(tx, AccountId(known->first))) known->second = found->account.name;
    out.push_back({.entry = std::move(entry), .user = known->second});
  }
  return out;
}

Result<Pages<ShownEvent>> events(Desk& desk, const Call& call, Filters& filters) {
  administration::store::AuditFilter filter;
  if (const auto user = call.text("--user")) {
    const auto account = find_user(desk, *user);
    if (!account && account.error().kind() != Kind::not_found) return fail(account.error());
    filter.account = account ? account->id.text() : *user;  // the log outlives the account
  }
  if (const auto since = filters.take("at", Op::greater_equal)) filter.since = std::get<Time>(*since);
  TRY(Ground* const ground, desk.ground());
  return Pages<ShownEvent>([&desk, ground, filter = std::move(filter),
                            after = std::optional<Entry>()]() mutable -> Result<std::vector<ShownEvent>> {
    const auto read = [&](sql::Tx& tx) {
      return named(tx, administration::store::audit(tx, filter, after, page_rows));
    };
    TRY(auto found, desk.threads().run(ground->database.read(read)));
    if (!found.empty()) after = found.back().entry;
    return found;
  });
}

// ---- numbers

Result<> statistics(Desk& desk, const Call& call, Out& out) {
  TRY(Ground* const ground, desk.ground());
  administration::store::UserNumbers users;
  std::vector<administration::store::ResourceNumbers> resources;
  TRY_VOID(desk.threads().run(ground->database.read([&](sql::Tx& tx) -> Result<> {
    users = administration::store::user_numbers(tx);
    resources = administration::store::resource_numbers(tx);
    return {};
  })));
  manage::Sheet sheet{{"datetime", Value(ground->clock.now())},
                      {"users.total", Value(users.total)},
                      {"users.verified", Value(users.verified)},
                      {"users.active", Value(users.active)}};
  const bool plain = call.format() != manage::Format::pretty;
  for (const auto& one : resources)
    for (const auto& [what, amount] : {std::pair{"used", one.used}, std::pair{"allocated", one.allocated}})
      sheet.emplace_back(fmt::format("{}.{}", one.name, what), plain ? Value(amount)
                                                               : one.unit == "bytes"
                                                                   ? Value(show_bytes(amount, UnitStyle::automatic))
                                                                   : Value(show_count(amount, UnitStyle::automatic)));
  print_sheet(sheet, call.format(), out);
  return {};
}

// ---- repairs

/// What an administrator lacks is given to him: his roles, and a state in which he may sign in.
Result<bool> fix_superuser(Desk& desk, Ground& ground, const AccountId& id, Out& out) {
  TRY(life::AccountLife* const life, desk.life());
  TRY(const auto shown, desk.threads().run(life->show(id)));
  const auto lacks_role = [&](sql::Tx& tx) {
    const auto roles = directory::store::effective_roles(tx, id, {TargetKind::system, "all"});
    return std::ranges::none_of(roles, [](const Role& role) { return role.name == admin_role && role.domain.empty(); });
  };
  TRY(const bool no_role, desk.threads().run(ground.database.read(lacks_role)));
  if (no_role) TRY_VOID(desk.threads().run(keystone::make_administrator(ground.database, ground.clock, id)));
  bool accepted = shown.life.accepted() || shown.life.rejected;
  bool changed = no_role;
  if (!shown.life.email_verified) {
    TRY(const auto outcome, desk.threads().run(life->verify(id, administrator)));
    accepted = accepted || outcome == life::Outcome::activated;
    changed = true;
  }
  if (!accepted) {
    TRY_VOID(desk.threads().run(life->accept(id, administrator)));
    changed = true;
  }
  if (changed) out.print(fmt::format("Fixed superuser '{}'\n", visible(shown.account.name)));
  return changed;
}

Result<> fix_superusers(Desk& desk, Out& out) {
  TRY(Ground* const ground, desk.ground());
  const auto read = [](sql::Tx& tx) { return administration::store::marked_administrators(tx); };
  TRY(const auto all, desk.threads().run(ground->database.read(read)));
  std::size_t fixed = 0;
  for (const auto& id : all) {
    TRY(const bool changed, fix_superuser(desk, *ground, id, out));
    if (changed) ++fixed;
  }
  if (fixed == 0) out.print("No superusers to fix\n");
  return {};
}

Result<> cleanup(Desk& desk, Out& out) {
  TRY(Ground* const ground, desk.ground());
  const Time now = ground->clock.now();
  std::int64_t gone = 0;
  for (std::int64_t last = 1; last > 0; gone += last) {
    const auto purge = [&](sql::Tx& tx) { return administration::store::purge(tx, now, page_rows); };
    TRY(last, desk.threads().run(ground->database.write(purge)));
  }
  out.print(fmt::format("{} sessions, tokens and links that were over are removed\n", gone));
  return {};
}

}  // namespace

std::vector<manage::Verb> upkeep_verbs(Desk& desk) {
  auto table = manage::listing<ShownEvent>(
      event_fields(), [&desk](const Call& call, Filters& filters) { return events(desk, call, filters); });
  return {
      manage::list_verb("audit-list", "what happened to accounts, roles, projects and the catalog, newest first",
                        std::move(table),
                        {{"--user", "USER", "only about this one: id, e-mail address, uuid or name"}}),
      {.name = "stats-astakos",
       .help = "users and resources in numbers",
       .run = [&desk](const Call& call, Out& out) { return statistics(desk, call, out); },
       .logged = false},
      {.name = "fix-superusers",
       .help = "gives administrators what they lack: roles, and a state in which they may sign in",
       .run = [&desk](const Call&, Out& out) { return fix_superusers(desk, out); }},
      {.name = "cleanup-full",
       .help = "removes sessions, tokens and links that are over",
       .run = [&desk](const Call&, Out& out) { return cleanup(desk, out); }},
  };
}

}  // namespace nephele::identity::verbs
