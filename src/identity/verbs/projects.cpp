// SPDX-License-Identifier: Apache-2.0
// project-list, project-show.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/quantity.h"
#include "base/visible.h"
#include "identity/projects/store.h"
#include "identity/projects/upkeep.h"
#include "identity/store.h"
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
using projects::Application;
using projects::ApplicationState;
using projects::ProjectLife;
using projects::State;

constexpr std::size_t page_rows = 500;

struct Listed {
  ProjectLife life;
  std::string owner;  ///< as people know him
  std::optional<Application> pending;
  std::int64_t members = 0;
};

Value text_or_nothing(const std::string& text) {
  return text.empty() ? Value() : Value(text);
}

Value people_or_inf(std::int64_t count) {
  return show_count(count, UnitStyle::automatic);
}

std::vector<Field<Listed>> project_fields() {
  return {
      {{"id", Type::text, "its uuid"}, [](const Listed& p) { return Value(p.life.id.text()); }},
      {{"name", Type::text, "unique among those that live"}, [](const Listed& p) { return Value(p.life.name); }},
      {{"owner", Type::text, "who may change it; none for users' own"},
       [](const Listed& p) { return text_or_nothing(p.owner); }},
      {{"status", Type::text, "uninitialized, active, suspended, terminated or deleted"},
       [](const Listed& p) { return Value(std::string(to_string(p.life.state))); }},
      {{"pending_app", Type::integer, "id of the application that waits for a decision"},
       [](const Listed& p) { return p.pending ? Value(p.pending->id.number()) : Value(); }},
      {{"owner_uuid", Type::text, "the owner's uuid", false},
       [](const Listed& p) { return text_or_nothing(p.life.owner); }},
      {{"homepage", Type::text, "an address", false}, [](const Listed& p) { return Value(p.life.homepage); }},
      {{"description", Type::text, "what it is for", false}, [](const Listed& p) { return Value(p.life.description); }},
      {{"creation_date", Type::time, "when it was applied for", false},
       [](const Listed& p) { return Value(p.life.created); }},
      {{"end_date", Type::time, "when its time is over", false}, [](const Listed& p) { return Value(p.life.end); }},
      {{"deactivation_date", Type::time, "since when it is not active", false},
       [](const Listed& p) { return manage::optional_value(p.life.deactivated); }},
      {{"deactivation_reason", Type::text, "why", false},
       [](const Listed& p) { return text_or_nothing(p.life.state_reason); }},
      {{"join_policy", Type::text, "auto, moderated or closed", false},
       [](const Listed& p) { return Value(std::string(to_string(p.life.join_policy))); }},
      {{"leave_policy", Type::text, "auto, moderated or closed", false},
       [](const Listed& p) { return Value(std::string(to_string(p.life.leave_policy))); }},
      {{"max_members", Type::text, "how many may be in it", false},
       [](const Listed& p) { return people_or_inf(p.life.max_members); }},
      {{"members", Type::integer, "how many are", false}, [](const Listed& p) { return Value(p.members); }},
      {{"private", Type::boolean, "only members see it", false},
       [](const Listed& p) { return Value(p.life.is_private); }},
      {{"system_project", Type::boolean, "a user's own", false}, [](const Listed& p) { return Value(p.life.system); }},
  };
}

std::vector<Listed> listed(sql::Tx& tx, std::vector<ProjectLife> lives) {
  std::set<ProjectId> ids;
  std::set<AccountId> owners;
  std::set<projects::ApplicationId> last_ones;
  for (const auto& life : lives) {
    ids.insert(life.id);
    if (!life.owner.empty()) owners.insert(AccountId(life.owner));
    if (life.last_application.number() != 0) last_ones.insert(life.last_application);
  }
  const auto people = projects::store::people(tx, owners);
  const auto applications = projects::store::applications(tx, last_ones);
  const auto places = projects::store::places_taken(tx, ids);
  std::vector<Listed> rows;
  for (auto& life : lives) {
    auto& row = rows.emplace_back(Listed{.life = std::move(life), .owner = {}, .pending = {}, .members = 0});
    const auto owner = people.find(AccountId(row.life.owner));
    row.owner = owner == people.end()         ? row.life.owner
                : owner->second.email.empty() ? owner->second.name
                                              : owner->second.email;
    const auto last = applications.find(row.life.last_application);
    if (last != applications.end() && last->second.state == ApplicationState::pending) row.pending = last->second;
    if (const auto taken = places.find(row.life.id); taken != places.end()) row.members = taken->second;
  }
  return rows;
}

/// What the options leave.
bool wanted(const Call& call, const Listed& row) {
  const bool is_new = row.pending && row.life.state == State::uninitialized;
  const bool modified = row.pending && row.life.state != State::uninitialized;
  if (call.has("--new") || call.has("--modified") || call.has("--pending"))
    return (call.has("--new") && is_new) || (call.has("--modified") && modified) ||
           (call.has("--pending") && row.pending);
  return call.has("--deleted") || (row.life.state != State::terminated && row.life.state != State::deleted);
}

Result<Pages<Listed>> all_projects(Desk& desk, const Call& call) {
  TRY(Ground* const ground, desk.ground());
  return Pages<Listed>(
      [&desk, ground, call, after = std::string(), ended = false]() mutable -> Result<std::vector<Listed>> {
        std::vector<Listed> found;
        while (found.empty() && !ended) {  // an empty answer would be the end of the list
          const auto read = [&](sql::Tx& tx) {
            return listed(tx, projects::store::page(tx, call.has("--system-projects"), after, page_rows));
          };
          TRY(auto rows, desk.threads().run(ground->database.read(read)));
          ended = rows.size() < page_rows;
          if (!rows.empty()) after = rows.back().life.id.text();
          for (auto& row : rows)
            if (wanted(call, row)) found.push_back(std::move(row));
        }
        return found;
      });
}

void add_application(manage::Sheet& sheet, const Application& application) {
  const auto& draft = application.wanted;
  const auto add = [&](const char* name, Value value) { sheet.emplace_back("pending_" + std::string(name), value); };
  const auto text = [&](const char* name, const std::optional<std::string>& value) {
    if (value) add(name, *value);
  };
  add("applicant", application.applicant);
  add("issue_date", application.issued);
  text("name", draft.name);
  text("owner", draft.owner);
  text("homepage", draft.homepage);
  text("description", draft.description);
  if (draft.end) add("end_date", *draft.end);
  if (draft.join_policy) add("join_policy", std::string(to_string(*draft.join_policy)));
  if (draft.leave_policy) add("leave_policy", std::string(to_string(*draft.leave_policy)));
  if (draft.max_members) add("max_members", people_or_inf(*draft.max_members));
  if (draft.is_private) add("private", *draft.is_private);
  add("comments", draft.comments);
  std::vector<std::string> limits;
  for (const auto& [resource, capacity] : draft.capacities)
    limits.push_back(fmt::format("{} member {} project {}", resource, show_count(capacity.member, UnitStyle::automatic),
                                 show_count(capacity.project, UnitStyle::automatic)));
  add("resources", std::move(limits));
}

std::vector<std::string> member_lines(sql::Tx& tx, const ProjectId& project) {
  std::vector<std::string> lines;
  for (const auto& member : projects::store::members(tx, project)) {
    const auto account = store::find(tx, member.account);
    lines.push_back(fmt::format("{} {} {} {}", member.id.number(), member.account.text(),
                                account ? account->account.name : "-", to_string(member.state)));
  }
  return lines;
}

Result<std::vector<std::string>> project_quota_lines(Desk& desk, Ground& ground, const ProjectId& project,
                                                     const projects::Capacities& capacities, UnitStyle style) {
  TRY(const auto resources, desk.threads().run(ground.quotas.resources()));
  quota::Selection selection{.projects = std::vector{project.text()}};
  std::map<std::string, bool> bytes;
  for (const auto& resource : resources) {
    selection.resources.push_back(resource.name);
    bytes[resource.name] = resource.unit == "bytes";
  }
  TRY(const auto whole, desk.threads().run(ground.quotas.project_quotas(std::move(selection))));
  std::vector<std::string> lines;
  const auto held = whole.find(project.text());
  const auto shown = [&](const std::string& resource, quota::Amount amount) {
    return bytes[resource] ? show_bytes(amount, style) : show_count(amount, style);
  };
  for (const auto& [resource, capacity] : capacities) {
    const bool has = held != whole.end() && held->second.contains(resource);
    lines.push_back(fmt::format("{} member {} project {} usage {}", resource, shown(resource, capacity.member),
                                shown(resource, capacity.project),
                                shown(resource, has ? held->second.at(resource).usage_max : 0)));
  }
  return lines;
}

Result<> show_project(Desk& desk, const Call& call, Out& out) {
  TRY(const auto style, unit_style_from(call.text("--unit-style").value_or("auto")));
  TRY(Ground* const ground, desk.ground());
  const ProjectId id(call.text("PROJECT").value_or(""));
  std::vector<std::string> members;
  projects::Capacities capacities;
  const auto read = [&](sql::Tx& tx) -> Result<Listed> {
    auto life = projects::store::project(tx, id);
    if (!life)
      return fail(Kind::not_found,
                  fmt::format("there is no project \"{}\"; project-list shows those that are", visible(id.text())));
    members = member_lines(tx, id);
    capacities = projects::granted(tx, *life);
    return std::move(listed(tx, {std::move(*life)}).front());
  };
  TRY(const auto row, desk.threads().run(ground->database.read(read)));
  manage::Sheet sheet;
  for (const auto& field : project_fields()) sheet.emplace_back(field.column.name, field.get(row));
  if (call.has("--pending-app") && row.pending) add_application(sheet, *row.pending);
  if (call.has("--members")) sheet.emplace_back("memberships", std::move(members));
  if (call.has("--quota")) {
    TRY(auto lines, project_quota_lines(desk, *ground, id, capacities, style));
    sheet.emplace_back("quota", std::move(lines));
  }
  print_sheet(sheet, call.format(), out);
  return {};
}

}  // namespace

std::vector<manage::Verb> project_verbs(Desk& desk) {
  auto table = manage::listing<Listed>(project_fields(),
                                       [&desk](const Call& call, Filters&) { return all_projects(desk, call); });
  return {
      manage::list_verb("project-list", "projects that are applied for or live", std::move(table),
                        {{"--new", "", "only those whose first application waits"},
                         {"--modified", "", "only those for which a change waits"},
                         {"--pending", "", "both of these"},
                         {"--deleted", "", "also those that are over"},
                         {"--system-projects", "", "also users' own"}}),
      {.name = "project-show",
       .help = "one project",
       .arguments = {{"PROJECT", "its uuid"}},
       .options = {{"--pending-app", "", "with what is applied for"},
                   {"--members", "", "with its members"},
                   {"--quota", "", "with its limits and usage"},
                   unit_style},
       .run = [&desk](const Call& call, Out& out) { return show_project(desk, call, out); }},
  };
}

}  // namespace nephele::identity::verbs
