// SPDX-License-Identifier: Apache-2.0
// project-control, project-modify.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/quantity.h"
#include "base/visible.h"
#include "identity/life/store.h"
#include "identity/verbs/post.h"
#include "identity/verbs/verbs.h"

namespace nephele::identity::verbs {

namespace {

using manage::Call;
using manage::Out;
using projects::Action;
using projects::Draft;
using projects::Projects;

constexpr std::size_t page_rows = 500;

// ---- project-control

struct Control {
  std::string_view option;
  Action action;
  std::string_view done;
};
constexpr std::array controls{
    Control{"--approve", Action::approve, "approved"},       Control{"--deny", Action::deny, "denied"},
    Control{"--terminate", Action::terminate, "terminated"}, Control{"--suspend", Action::suspend, "suspended"},
    Control{"--unsuspend", Action::unsuspend, "active"},     Control{"--reinstate", Action::reinstate, "active"}};

Result<projects::ApplicationId> application_in(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (wrong != std::errc{} || end != text.data() + text.size())
    return fail(Kind::invalid,
                fmt::format("\"{}\" is no application; write its number, which project-list shows", visible(text)));
  return projects::ApplicationId(number);
}

Result<> act(Desk& desk, const Control& control, const std::string& target, const std::string& message, Out& out) {
  TRY(Projects* const all, desk.projects());
  if (!about_application(control.action)) {
    TRY_VOID(desk.threads().run(
        all->act(Projects::the_operator(), ProjectId(target), control.action, std::nullopt, message)));
    out.print(fmt::format("Project '{}' is {}\n", visible(target), control.done));
    return {};
  }
  TRY(const auto application, application_in(target));
  TRY_VOID(desk.threads().run(all->act(Projects::the_operator(), application, control.action, message)));
  out.print(fmt::format("Application {} is {}\n", application.number(), control.done));
  return {};
}

Result<> end_expired(Desk& desk, bool terminate, const std::string& message, Out& out) {
  TRY(Projects* const all, desk.projects());
  TRY(const auto expired, desk.threads().run(all->expired()));
  if (expired.empty()) out.print("No project is expired.\n");
  for (const auto& project : expired) {
    if (terminate)
      TRY_VOID(
          desk.threads().run(all->act(Projects::the_operator(), project.id, Action::terminate, std::nullopt, message)));
    out.print(fmt::format("{} {} ({}) {} {}\n", project.id.text(), visible(project.name), to_string(project.state),
                          terminate ? "is terminated; its time was over" : "expired", iso8601(project.end)));
  }
  return {};
}

Result<> control_project(Desk& desk, const Call& call, Out& out) {
  const bool check = call.has("--check-expired"), terminate = call.has("--terminate-expired");
  const auto given = std::ranges::count_if(controls, [&](const Control& one) { return call.has(one.option); });
  if (given + (check ? 1 : 0) + (terminate ? 1 : 0) != 1)
    return fail(Kind::invalid,
                "give exactly one of --approve, --deny, --terminate, --suspend, --unsuspend, "
                "--reinstate, --check-expired, --terminate-expired");
  const std::string message = call.text("--message").value_or("");
  if (check) return end_expired(desk, false, message, out);
  return with_mails(desk, AccountId(administrator), out, [&]() -> Result<> {
    if (terminate) return end_expired(desk, true, message, out);
    const auto* const control =
        std::ranges::find_if(controls, [&](const Control& one) { return call.has(one.option); });
    return act(desk, *control, call.text(control->option).value_or(""), message, out);
  });
}

// ---- project-modify

Result<std::optional<projects::Policy>> policy_in(const Call& call, std::string_view option) {
  const auto text = call.text(option);
  if (!text) return std::optional<projects::Policy>();
  const auto policy = projects::policy_from(*text);
  if (!policy) return fail(Kind::invalid, fmt::format("{}: write auto, moderated or closed", option));
  return policy;
}

/// Three words a time: resource, limit of a member, limit of the project.
Result<projects::Capacities> limits_in(const Call& call) {
  projects::Capacities capacities;
  const auto& words = call.all("--limit");
  if (words.size() % 3 != 0)
    return fail(Kind::invalid, "--limit takes three words: RESOURCE MEMBER-LIMIT PROJECT-LIMIT");
  for (std::size_t i = 0; i < words.size(); i += 3) {
    auto member = quantity_from(words[i + 1]);
    if (!member) return fail(std::move(member).error().about("--limit"));
    auto project = quantity_from(words[i + 2]);
    if (!project) return fail(std::move(project).error().about("--limit"));
    capacities.insert_or_assign(words[i], projects::Capacity{.project = *project, .member = *member});
  }
  return capacities;
}

Result<Draft> draft_in(Desk& desk, const Call& call) {
  Draft draft{
      .name = call.text("--name"), .homepage = call.text("--homepage"), .description = call.text("--description")};
  if (const auto owner = call.text("--owner")) {
    TRY(const auto account, find_user(desk, *owner));
    draft.owner = account.id.text();
  }
  if (const auto end = call.text("--end-date")) {
    auto time = manage::time_from(*end);
    if (!time) return fail(std::move(time).error().about("--end-date"));
    draft.end = *time;
  }
  TRY(draft.join_policy, policy_in(call, "--join-policy"));
  TRY(draft.leave_policy, policy_in(call, "--leave-policy"));
  TRY(draft.is_private, call.boolean("--private"));
  if (const auto members = call.text("--max-members")) {
    auto count = quantity_from(*members);
    if (!count) return fail(std::move(count).error().about("--max-members"));
    draft.max_members = *count;
  }
  TRY(draft.capacities, limits_in(call));
  return draft;
}

std::set<std::string> excluded_in(const Call& call) {
  std::set<std::string> out;
  const std::string text = call.text("--exclude").value_or("");
  for (std::string_view rest = text; !rest.empty();) {
    const auto comma = std::min(rest.find(','), rest.size());
    if (comma > 0) out.emplace(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return out;
}

/// Each in a transaction of its own: one that cannot be changed keeps nobody else from it.
Result<> modify_all_own(Desk& desk, const Call& call, const Draft& draft, Out& out) {
  for (const char* option : {"--name", "--owner", "--homepage", "--description"})
    if (call.has(option))
      return fail(Kind::invalid, fmt::format("{} is not for all system projects; name one project", option));
  TRY(Ground* const ground, desk.ground());
  TRY(Projects* const all, desk.projects());
  const auto excluded = excluded_in(call);
  std::size_t changed = 0, refused = 0;
  for (std::string after;;) {
    const auto read = [&](sql::Tx& tx) { return life::store::with_own_project(tx, after, page_rows); };
    TRY(const auto uuids, desk.threads().run(ground->database.read(read)));
    for (const auto& uuid : uuids) {
      if (excluded.contains(uuid)) continue;
      const auto done = desk.threads().run(all->modify(ProjectId(uuid), draft));
      if (!done && done.error().kind() != Kind::conflict && done.error().kind() != Kind::not_found)
        return fail(done.error());
      ++(done ? changed : refused);
      if (!done) out.print(fmt::format("{}: {}\n", uuid, visible(done.error().sentence())));
    }
    if (uuids.size() < page_rows) break;
    after = uuids.back();
  }
  out.print(fmt::format("{} system projects are changed\n", changed));
  if (refused > 0) return fail(Kind::conflict, fmt::format("{} system projects could not be changed", refused));
  return {};
}

constexpr std::array changes{"--name",        "--owner",        "--homepage",    "--description", "--end-date",
                             "--join-policy", "--leave-policy", "--max-members", "--private",     "--limit"};

Result<> modify_project(Desk& desk, const Call& call, Out& out) {
  const auto project = call.text("PROJECT");
  const bool everybody = call.has("--all-system-projects");
  if (project.has_value() == everybody)
    return fail(Kind::invalid, "name one project by its uuid, or give --all-system-projects");
  if (call.has("--exclude") && !everybody) return fail(Kind::invalid, "--exclude goes with --all-system-projects");
  if (std::ranges::none_of(changes, [&](const char* option) { return call.has(option); }))
    return fail(Kind::invalid, "nothing to change; project-modify --help shows what can be");
  TRY(const auto draft, draft_in(desk, call));
  if (everybody) return modify_all_own(desk, call, draft, out);
  TRY(Projects* const all, desk.projects());
  TRY_VOID(desk.threads().run(all->modify(ProjectId(*project), draft)));
  out.print(fmt::format("Project '{}' is changed\n", visible(*project)));
  return {};
}

}  // namespace

std::vector<manage::Verb> project_control_verbs(Desk& desk) {
  return {
      {.name = "project-control",
       .help = "decides about applications, and about the life of projects",
       .options = {{"--approve", "APPLICATION", "grants an application; its number is what project-list shows"},
                   {"--deny", "APPLICATION", "refuses one"},
                   {"--terminate", "PROJECT", "ends a project, by its uuid"},
                   {"--suspend", "PROJECT", "nothing may be used in it for now"},
                   {"--unsuspend", "PROJECT", "ends that"},
                   {"--reinstate", "PROJECT", "a terminated one lives again"},
                   {"--check-expired", "", "shows projects whose time is over"},
                   {"--terminate-expired", "", "terminates them"},
                   {"-m,--message", "TEXT", "why, for those who get a mail about it"}},
       .run = [&desk](const Call& call, Out& out) { return control_project(desk, call, out); }},
      {.name = "project-modify",
       .help = "changes a project without an application",
       .arguments = {{.name = "PROJECT", .help = "its uuid", .optional = true}},
       .options = {{"--all-system-projects", "", "every user's own project in its place"},
                   {"--exclude", "UUIDS", "but not these, separated by commas"},
                   {"--name", "NAME", "like a host's: lab.example.org"},
                   {"--owner", "USER", "uuid, e-mail address or name"},
                   {"--homepage", "URL", "an address"},
                   {"--description", "TEXT", "what it is for"},
                   {"--end-date", "DATE", "when its time is over"},
                   {"--join-policy", "POLICY", "auto, moderated or closed"},
                   {"--leave-policy", "POLICY", "auto, moderated or closed"},
                   {"--max-members", "N", "a number, or inf"},
                   {"--private", "BOOL", "only members see it"},
                   {.names = "--limit",
                    .value = "RESOURCE MEMBER PROJECT",
                    .help = "limits of each member and of the whole project: cyclades.vm 2 20",
                    .repeated = true}},
       .run = [&desk](const Call& call, Out& out) { return modify_project(desk, call, out); }},
  };
}

}  // namespace nephele::identity::verbs
