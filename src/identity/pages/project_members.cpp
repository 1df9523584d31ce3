// SPDX-License-Identifier: Apache-2.0
// The part of ProjectPages about members, and what somebody uses.
#include <algorithm>

#include "identity/pages/projects.h"
#include "identity/pages/tables.h"

namespace nephele::identity::pages {

namespace {

using http::Request;
using http::Response;
using projects::MembershipState;
using projects::Step;

std::string_view label_of(std::string_view action, MembershipState state) {
  const bool leaving = state == MembershipState::leave_requested;
  if (action == "accept") return "Accept";
  if (action == "reject") return leaving ? "Keep" : "Reject";
  return leaving ? "Let go" : "Remove";
}

}  // namespace

Task<Result<Response>> ProjectPages::join(Request& request, Visit visit, FormData) {
  const std::string project = request.parameters.at(0);
  const auto who = caller(visit);
  CO_TRY(const auto id, co_await projects_.join(who, ProjectId(project)));
  CO_TRY(const auto made, co_await projects_.membership(who, id));
  const bool at_once = made.membership.state == MembershipState::accepted;
  co_return desk_.go(visit, project_address(project) + (at_once ? "?done=joined" : "?done=asked"));
}

Task<Result<Response>> ProjectPages::own_step(Visit visit, std::string project, Step step) {
  const auto who = caller(visit);
  CO_TRY(const auto all, co_await projects_.memberships(who, ProjectId(project)));
  const auto mine =
      std::ranges::find(all, who.account, [](const auto& each) -> const AccountId& { return each.membership.account; });
  if (mine == all.end()) co_return fail(Kind::conflict, "You are not in this project.");
  CO_TRY_VOID(co_await projects_.act(who, mine->membership.id, step, {}));
  std::string done = "saved";
  if (step == Step::leave) {
    CO_TRY(const auto now, co_await projects_.membership(who, mine->membership.id));
    done = now.membership.state == MembershipState::removed ? "left" : "leaving";
  }
  // Who has left may see the project no more.
  const bool visible = (co_await projects_.show(who, ProjectId(project))).has_value();
  co_return desk_.go(visit, (visible ? project_address(project) : std::string("/ui/projects")) + "?done=" + done);
}

Task<Result<Response>> ProjectPages::leave(Request& request, Visit visit, FormData) {
  co_return co_await own_step(std::move(visit), request.parameters.at(0), Step::leave);
}
Task<Result<Response>> ProjectPages::cancel_request(Request& request, Visit visit, FormData) {
  co_return co_await own_step(std::move(visit), request.parameters.at(0), Step::cancel);
}

Task<Result<Response>> ProjectPages::members(Request& request, Visit visit) {
  const ProjectId id(request.parameters.at(0));
  const auto who = caller(visit);
  CO_TRY(const auto project, co_await projects_.show(who, id));
  if (!project.decides) co_return fail(Kind::forbidden, "You do not have the permissions to perform this action.");
  CO_TRY(auto all, co_await projects_.memberships(who, id));
  const auto part = last_segment(request.path);
  std::erase_if(all, [part](const projects::ShownMembership& each) {
    const auto state = each.membership.state;
    if (part == "approved") return !projects::holds_place(state);
    if (part == "pending") return state != MembershipState::requested && state != MembershipState::leave_requested;
    return !projects::associated(state);
  });
  const std::string token = desk_.token(visit), address = project_address(id.text());
  Html rows;
  for (const auto& [membership, steps, actions, name, email] : all) {
    Html buttons;
    for (const auto& action : actions)
      if (action == "accept" || action == "reject" || action == "remove")
        buttons += form("/ui/projects/memberships/" + membership.id.text() + "/" + action, token,
                        {submit(label_of(action, membership.state), action != "accept")});
    rows += table_row({Html(name.empty() ? membership.account.text() : name), Html(email),
                       Html(to_string(membership.state)), buttons});
  }
  Html content = element("p", {link(address, "The project"), Html(" · "), link(address + "/members", "All"),
                               Html(" · "), link(address + "/members/approved", "Members"), Html(" · "),
                               link(address + "/members/pending", "Requests")});
  if (rows.empty())
    content += element("p", {Html("There is nobody here.")});
  else
    content += table({"Name", "E-mail address", "State", "Do"}, rows);
  content += element("h2", {"Enroll somebody"});
  content += form(address + "/members", token,
                  {field({.name = "user", .label = "E-mail address", .length_max = 254}), submit("Enroll")});
  std::vector<Message> messages;
  if (request.query_value("done") == "saved") messages = {{Message::Level::success, Html("Done.")}};
  co_return desk_.show(
      visit, {.title = "Members of " + project.life.name, .content = content, .messages = std::move(messages)});
}

Task<Result<Response>> ProjectPages::enroll(Request& request, Visit visit, FormData form) {
  const std::string project = request.parameters.at(0);
  CO_TRY(const auto made,
         co_await projects_.enroll(caller(visit), ProjectId(project), std::string(form.value("user"))));
  (void)made;
  co_return desk_.go(visit, project_address(project) + "/members?done=saved");
}

/// The membership stands in the address, or in the form of the project's own list.
Task<Result<Response>> ProjectPages::step(Request& request, Visit visit, FormData form) {
  const std::string text = form.has("membership") ? std::string(form.value("membership")) : request.parameters.at(0);
  const projects::MembershipId id(number_in(text));
  const auto step = projects::step_from(last_segment(request.path));
  if (!step) co_return fail(Kind::not_found, "There is no such page.");
  const auto who = caller(visit);
  CO_TRY_VOID(co_await projects_.act(who, id, *step, std::string(form.value("reason"))));
  CO_TRY(const auto now, co_await projects_.membership(who, id));
  co_return desk_.go(visit, project_address(now.membership.project.text()) + "/members?done=saved");
}

// ---- what somebody uses

Task<Result<Response>> ProjectPages::usage(Request&, Visit visit) {
  const auto who = caller(visit);
  CO_TRY(const auto resources, co_await quotas_.resources());
  CO_TRY(auto mine, co_await projects_.list(who, {.mode = projects::Mode::related}));
  std::vector<std::string> uuids;
  for (const auto& project : mine) uuids.push_back(project.life.id.text());
  CO_TRY(const auto quotas, co_await quotas_.quotas_of(who.account.text(), std::move(uuids)));
  Html content;
  for (const auto& project : mine) {
    const auto held = quotas.find(project.life.id.text());
    if (held == quotas.end()) continue;
    Html rows;
    for (const auto& resource : resources) {
      const auto one = held->second.find(resource.name);
      if (!resource.ui_visible || one == held->second.end()) continue;
      const auto& quota = one->second;
      rows += table_row(
          {Html(title_of(resource)),
           Html(amount_text(quota.usage, resource) + " of " + amount_text(quota.limit, resource)),
           Html(amount_text(quota.project_usage, resource) + " of " + amount_text(quota.project_limit, resource))});
    }
    if (rows.empty()) continue;
    content += element("h2", {Html(project.life.system ? std::string("Your own project") : project.life.name)});
    content += table({"Resource", "You use", "The whole project uses"}, rows);
  }
  if (content.empty()) content = element("p", {Html("Nothing is counted for you yet.")});
  co_return desk_.show(visit, {.title = "Usage", .content = content});
}

}  // namespace nephele::identity::pages
