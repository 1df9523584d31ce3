// SPDX-License-Identifier: Apache-2.0
// group-add, group-list, term-add.
#include <fmt/format.h>

#include <filesystem>

#include "base/settings/config_files.h"
#include "base/visible.h"
#include "identity/account_name.h"
#include "identity/directory/store.h"
#include "identity/verbs/verbs.h"

namespace nephele::identity::verbs {

namespace {

using manage::Call;
using manage::Field;
using manage::Filters;
using manage::Out;
using manage::Pages;
using manage::Type;
using manage::Value;

constexpr std::size_t page_rows = 500;

struct CountedGroup {
  Group group;
  std::int64_t members = 0;
};

std::vector<Field<CountedGroup>> group_fields() {
  return {
      {{"id", Type::text, "never changes"}, [](const CountedGroup& g) { return Value(g.group.id.text()); }},
      {{"name", Type::text, "what verbs and settings call it"},
       [](const CountedGroup& g) { return Value(g.group.name); }},
      {{"users_count", Type::integer, "how many users are in it"},
       [](const CountedGroup& g) { return Value(g.members); }},
      {{"domain", Type::text, "id of its domain", false},
       [](const CountedGroup& g) { return Value(g.group.domain.text()); }},
      {{"description", Type::text, "what it is for", false},
       [](const CountedGroup& g) { return Value(g.group.description); }},
  };
}

Pages<CountedGroup> all_groups(Desk& desk, Ground& ground) {
  return [&desk, &ground, after = std::string()]() mutable {
    const auto read = [&](sql::Tx& tx) {
      std::vector<CountedGroup> found;
      for (auto& group : directory::store::groups(tx, {.after = after, .limit = page_rows})) {
        const auto members = directory::store::member_count(tx, group.id);
        found.push_back({.group = std::move(group), .members = members});
      }
      if (!found.empty()) after = found.back().group.id.text();
      return found;
    };
    return desk.threads().run(ground.database.read(read));
  };
}

Result<> add_group(Desk& desk, const Call& call, Out& out) {
  const Group group{.id = GroupId(to_hex(random_bytes(16))),
                    .domain = DomainId(std::string(default_domain)),
                    .name = call.text("NAME").value_or(""),
                    .description = call.text("--description").value_or("")};
  TRY_VOID(check_label("group", group.name));
  TRY_VOID(check_text("description", group.description, 4096));
  TRY(Ground* const ground, desk.ground());
  const Time now = ground->clock.now();
  TRY_VOID(desk.threads().run(ground->database.write([&](sql::Tx& tx) -> Result<> {
    if (!directory::store::insert(tx, group, label_key(group.name).value()))
      return fail(Kind::conflict, fmt::format("there is a group \"{}\" already", group.name));
    note(tx, now, "group.created", group.id.text() + " " + group.name);
    return {};
  })));
  out.print(fmt::format("Group '{}' created with id {}\n", visible(group.name), group.id.text()));
  return {};
}

Result<> add_terms(Desk& desk, const Call& call, Out& out) {
  std::error_code ec;
  const std::string path = std::filesystem::absolute(call.text("PATH").value_or(""), ec).lexically_normal();
  TRY(auto content, settings::read_file(path));
  TRY(life::AccountLife* const life, desk.life());
  TRY(const auto id, desk.threads().run(life->add_terms(path, std::move(content))));
  out.print(fmt::format("Created term id {}\n", id));
  return {};
}

}  // namespace

std::vector<manage::Verb> group_verbs(Desk& desk) {
  auto table =
      manage::listing<CountedGroup>(group_fields(), [&desk](const Call&, Filters&) -> Result<Pages<CountedGroup>> {
        TRY(Ground* const ground, desk.ground());
        return all_groups(desk, *ground);
      });
  return {
      {.name = "group-add",
       .help = "makes a group of users",
       .arguments = {{"NAME", "what settings and user-modify --add-group call it"}},
       .options = {{"--description", "TEXT", "what it is for"}},
       .run = [&desk](const Call& call, Out& out) { return add_group(desk, call, out); }},
      manage::list_verb("group-list", "groups of users", std::move(table)),
      {.name = "term-add",
       .help = "a new version of the terms of use, which all users are asked to agree to",
       .arguments = {{"PATH", "a file of HTML"}},
       .run = [&desk](const Call& call, Out& out) { return add_terms(desk, call, out); }},
  };
}

}  // namespace nephele::identity::verbs
