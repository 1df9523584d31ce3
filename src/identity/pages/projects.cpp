// SPDX-License-Identifier: Apache-2.0
// Lists of projects, one project, and the forms that apply for one.
#include "identity/pages/projects.h"

#include <algorithm>
#include <array>

#include "base/quantity.h"
#include "identity/astakos/conventions.h"
#include "identity/pages/tables.h"

namespace nephele::identity::pages {

namespace {

using http::Access;
using http::Request;
using http::Response;
using http::Route;
using http::Verb;
using projects::MembershipState;
using projects::ShownProject;
using projects::State;

std::string address_of(const ProjectId& project) {
  return project_address(project.text());
}

/// What a page before this one has done, told once in its address: fixed words, so a link can say nothing else.
std::vector<Message> done_before(const Request& request) {
  const auto done = request.query_value("done");
  const auto say = [](const char* text) { return std::vector<Message>{{Message::Level::success, Html(text)}}; };
  if (done == "applied") return say("Your application is sent; an administrator decides about it.");
  if (done == "joined") return say("You are a member now.");
  if (done == "asked") return say("You asked to join; the owner decides about it.");
  if (done == "left") return say("You left the project.");
  if (done == "leaving") return say("You asked to leave; the owner decides about it.");
  if (done == "saved") return say("Done.");
  return {};
}

std::string people(std::int64_t count) {
  return show_count(count, UnitStyle::automatic);
}

const quota::Resource* named(const std::vector<quota::Resource>& resources, const std::string& name) {
  const auto found = std::ranges::find(resources, name, &quota::Resource::name);
  return found == resources.end() ? nullptr : &*found;
}

Html row(std::string_view name, const std::string& value) {
  Html out = element("dt", {Html(name)});
  out += element("dd", {Html(value.empty() ? std::string("–") : value)});
  return out;
}

bool waits(const ShownProject& project) {
  return project.last_application && project.last_application->state == projects::ApplicationState::pending;
}

Html project_rows(const std::vector<ShownProject>& found) {
  Html rows;
  for (const auto& project : found) {
    rows +=
        table_row({link(address_of(project.life.id), project.life.system ? "your own" : project.life.name),
                   Html(std::string(to_string(project.life.state)) + (waits(project) ? ", an application waits" : "")),
                   Html(std::to_string(project.members) + " of " + people(project.life.max_members)),
                   Html(iso8601(project.life.end).substr(0, 10))});
  }
  return rows;
}

}  // namespace

std::span<const Route<ProjectPages>> ProjectPages::routes() {
  using P = ProjectPages;
  static constexpr auto bytes = form_bytes_max;
  static constexpr auto table = astakos::slash_optional(std::array<Route<P>, 33>{{
      {Verb::get, "/ui/projects/", Access::open, &P::user<&P::list>},
      {Verb::get, "/ui/projects/search/", Access::open, &P::user<&P::list>},
      {Verb::post, "/ui/projects/search/", Access::open, &P::user_form<&P::search>, bytes},
      {Verb::get, "/ui/projects/how_it_works/", Access::open, &P::user<&P::how_it_works>},
      {Verb::get, "/ui/projects/add/", Access::open, &P::user<&P::blank>},
      {Verb::post, "/ui/projects/add/", Access::open, &P::user_form<&P::apply>, bytes},
      {Verb::get, "/ui/projects/app/{application}/", Access::open, &P::user<&P::application>},
      {Verb::post, "/ui/projects/app/{application}/approve/", Access::open, &P::user_form<&P::decide>, bytes},
      {Verb::post, "/ui/projects/app/{application}/deny/", Access::open, &P::user_form<&P::decide>, bytes},
      {Verb::post, "/ui/projects/app/{application}/dismiss/", Access::open, &P::user_form<&P::decide>, bytes},
      {Verb::post, "/ui/projects/app/{application}/cancel/", Access::open, &P::user_form<&P::decide>, bytes},
      {Verb::post, "/ui/projects/memberships/{membership}/accept/", Access::open, &P::user_form<&P::step>, bytes},
      {Verb::post, "/ui/projects/memberships/{membership}/reject/", Access::open, &P::user_form<&P::step>, bytes},
      {Verb::post, "/ui/projects/memberships/{membership}/remove/", Access::open, &P::user_form<&P::step>, bytes},
      {Verb::get, "/ui/projects/{project}/", Access::open, &P::user<&P::show>},
      {Verb::get, "/ui/projects/{project}/modify/", Access::open, &P::user<&P::change_form>},
      {Verb::post, "/ui/projects/{project}/modify/", Access::open, &P::user_form<&P::change>, bytes},
      {Verb::post, "/ui/projects/{project}/suspend/", Access::open, &P::user_form<&P::act>, bytes},
      {Verb::post, "/ui/projects/{project}/unsuspend/", Access::open, &P::user_form<&P::act>, bytes},
      {Verb::post, "/ui/projects/{project}/terminate/", Access::open, &P::user_form<&P::act>, bytes},
      {Verb::post, "/ui/projects/{project}/reinstate/", Access::open, &P::user_form<&P::act>, bytes},
      {Verb::post, "/ui/projects/{project}/join/", Access::open, &P::user_form<&P::join>, bytes},
      {Verb::post, "/ui/projects/{project}/leave/", Access::open, &P::user_form<&P::leave>, bytes},
      {Verb::post, "/ui/projects/{project}/cancel-join-request/", Access::open, &P::user_form<&P::cancel_request>,
       bytes},
      {Verb::get, "/ui/projects/{project}/members/", Access::open, &P::user<&P::members>},
      {Verb::get, "/ui/projects/{project}/members/approved/", Access::open, &P::user<&P::members>},
      {Verb::get, "/ui/projects/{project}/members/pending/", Access::open, &P::user<&P::members>},
      {Verb::post, "/ui/projects/{project}/members/", Access::open, &P::user_form<&P::enroll>, bytes},
      {Verb::post, "/ui/projects/{project}/members/accept/", Access::open, &P::user_form<&P::step>, bytes},
      {Verb::post, "/ui/projects/{project}/members/reject/", Access::open, &P::user_form<&P::step>, bytes},
      {Verb::post, "/ui/projects/{project}/members/remove/", Access::open, &P::user_form<&P::step>, bytes},
      {Verb::get, "/ui/resources/", Access::open, &P::user<&P::usage>},
      {Verb::get, "/ui/usage/", Access::open, &P::user<&P::usage>},
  }});
  return table;
}

// ---- lists

/// What waits for somebody first, then all others, both by age.
Task<Result<std::vector<ShownProject>>> ProjectPages::page_of(const Visit& visit, projects::ProjectFilter filter,
                                                              bool rest) {
  const std::size_t rows = filter.limit;
  std::vector<ShownProject> found;
  if (!rest) {
    filter.waiting = true;
    CO_TRY(found, co_await projects_.list(caller(visit), filter));
    if (found.size() == rows) co_return found;
    filter.after = {};
  }
  filter.waiting = false;
  filter.limit = rows - found.size();
  CO_TRY(auto others, co_await projects_.list(caller(visit), filter));
  std::ranges::move(others, std::back_inserter(found));
  co_return found;
}

Task<Result<Response>> ProjectPages::list(Request& request, Visit visit) {
  const std::string name = request.query_value("name").value_or("");
  const std::size_t rows = std::max<std::size_t>(1, projects_.settings().rows_of_page);
  const ProjectId after(request.query_value("marker").value_or(""));
  CO_TRY(auto found, co_await page_of(visit, {.name = name, .after = after, .limit = rows + 1},
                                      request.query_value("rest").has_value()));
  const bool more = found.size() > rows;
  if (more) found.pop_back();
  Html content = element("p", {link("/ui/projects/add", "Apply for a project"), Html(" · "),
                               link("/ui/projects/how_it_works", "How it works")});
  content += form("/ui/projects/search", desk_.token(visit),
                  {field({.name = "name", .label = "Find by name", .value = name, .required = false, .length_max = 80}),
                   submit("Search", true)});
  if (found.empty())
    content +=
        element("p", {Html(name.empty() ? "There are no projects yet." : "No project of that name is to be seen.")});
  else
    content += table({"Project", "State", "Members", "Last day"}, project_rows(found));
  if (more || !after.empty()) {
    const std::string first = name.empty() ? "/ui/projects" : "/ui/projects?name=" + http::percent_encode(name);
    Html turning;
    if (!after.empty()) turning += link(first, "To the first ones");
    if (!after.empty() && more) turning += Html(" · ");
    if (more)
      turning += link(first + (name.empty() ? "?" : "&") + "marker=" + found.back().life.id.text() +
                          (waits(found.back()) ? "" : "&rest"),
                      "Next");
    content += element("p", {turning});
  }
  co_return desk_.show(visit, {.title = "Projects", .content = content, .messages = done_before(request)});
}

Task<Result<Response>> ProjectPages::search(Request&, Visit visit, FormData form) {
  const auto name = form.value("name").substr(0, 80);
  co_return desk_.go(visit, name.empty() ? "/ui/projects" : "/ui/projects?name=" + http::percent_encode(name));
}

Task<Result<Response>> ProjectPages::how_it_works(Request&, Visit visit) {
  Html content = element(
      "p",
      {Html("A project lets people use the cloud together. It has limits for all of them and for each of them; what "
            "a member uses in it counts against both.")});
  content += element("p", {Html("You apply for a project and an administrator decides. Then you are its owner: you say "
                                "who gets in, and apply for changes when it needs more.")});
  content +=
      element("p", {Html("Everybody has a project of his own as well. What you use counts there, unless you name "
                         "another project or make it your default.")});
  content += element("p", {link("/ui/projects", "To the projects")});
  co_return desk_.show(visit, {.title = "How projects work", .content = content});
}

// ---- one project

namespace {

Html button(const std::string& address, const std::string& token, std::string_view text, bool quiet = false) {
  return form(address, token, {submit(text, quiet)});
}

Html facts_of(const ShownProject& shown, const std::string& owner) {
  const auto& project = shown.life;
  Html facts = row("State", std::string(to_string(project.state)));
  if (!project.state_reason.empty() && project.state != State::active) facts += row("Reason", project.state_reason);
  facts += row("Owner", project.system ? "it is a user's own" : owner);
  facts += row("Home page", project.homepage);
  facts += row("What it is for", project.description);
  facts += row("Last day", iso8601(project.end).substr(0, 10));
  facts += row("Members", std::to_string(shown.members) + " of " + people(project.max_members));
  facts += row("Joining", std::string(to_string(project.join_policy)));
  facts += row("Leaving", std::string(to_string(project.leave_policy)));
  facts += row("Seen by", project.is_private ? "members" : "everybody");
  return element("dl", {facts});
}

Html capacities_of(const projects::Capacities& capacities, const std::vector<quota::Resource>& resources) {
  Html rows;
  for (const auto& [name, capacity] : capacities) {
    const auto* resource = named(resources, name);
    if (resource == nullptr || !resource->ui_visible) continue;
    rows += table_row({Html(title_of(*resource)), Html(amount_text(capacity.member, *resource)),
                       Html(amount_text(capacity.project, *resource))});
  }
  if (rows.empty()) return {};
  Html out = element("h2", {"Limits"});
  out += table({"Resource", "Each member", "Whole project"}, rows);
  return out;
}

bool offered(const std::vector<std::string>& actions, std::string_view action) {
  return std::ranges::find(actions, action) != actions.end();
}

Html application_of(const ShownProject& shown, const std::string& token,
                    const std::vector<quota::Resource>& resources) {
  const auto& application = *shown.last_application;
  const auto& wanted = application.wanted;
  Html facts = row("State", std::string(to_string(application.state)));
  if (!application.reason.empty()) facts += row("Answer", application.reason);
  if (wanted.name) facts += row("Name", *wanted.name);
  if (wanted.homepage) facts += row("Home page", *wanted.homepage);
  if (wanted.description) facts += row("What it is for", *wanted.description);
  if (wanted.end) facts += row("Last day", iso8601(*wanted.end).substr(0, 10));
  if (wanted.max_members) facts += row("Members at most", people(*wanted.max_members));
  facts += row("Comments", wanted.comments);
  Html out = element("h2", {Html("Application " + application.id.text())});
  out += element("dl", {facts});
  out += capacities_of(wanted.capacities, resources);
  const std::string address = "/ui/projects/app/" + application.id.text();
  if (offered(shown.actions, "approve")) out += button(address + "/approve", token, "Approve");
  if (offered(shown.actions, "deny"))
    out += form(
        address + "/deny", token,
        {field({.name = "reason", .label = "Why not", .required = false, .length_max = 250}), submit("Deny", true)});
  if (offered(shown.actions, "cancel")) out += button(address + "/cancel", token, "Withdraw the application", true);
  if (offered(shown.actions, "dismiss")) out += button(address + "/dismiss", token, "Put the application aside", true);
  return out;
}

Html membership_of(const ShownProject& shown, const std::vector<projects::ShownMembership>& memberships,
                   const AccountId& account, const std::string& token) {
  const std::string address = address_of(shown.life.id);
  const auto mine = std::ranges::find(memberships, account,
                                      [](const auto& each) -> const AccountId& { return each.membership.account; });
  const bool is_in = mine != memberships.end() && projects::associated(mine->membership.state);
  if (!is_in) {
    if (shown.life.state != State::active || shown.life.system || shown.life.join_policy == projects::Policy::closed)
      return {};
    return button(address + "/join", token, "Join");
  }
  Html out = element("p", {Html("You are in it: " + std::string(to_string(mine->membership.state)) + ".")});
  const bool waits = mine->membership.state == MembershipState::requested;
  if (offered(mine->actions, "leave")) out += button(address + "/leave", token, "Leave", true);
  if (offered(mine->actions, "cancel"))
    out += button(address + "/cancel-join-request", token, waits ? "Withdraw your request" : "Stay after all", true);
  return out;
}

}  // namespace

Task<Result<Response>> ProjectPages::show(Request& request, Visit visit) {
  const ProjectId id(request.parameters.at(0));
  const auto who = caller(visit);
  CO_TRY(const auto shown, co_await projects_.show(who, id));
  CO_TRY(const auto memberships, co_await projects_.memberships(who, id));
  CO_TRY(const auto resources, co_await quotas_.resources());
  std::string owner;
  if (!shown.life.owner.empty())
    if (const auto found = co_await desk_.identity.find(AccountId(shown.life.owner))) owner = called(*found);
  const std::string token = desk_.token(visit), address = address_of(id);
  Html content = facts_of(shown, owner);
  content += capacities_of(shown.capacities, resources);
  content += membership_of(shown, memberships, who.account, token);
  if (shown.decides && shown.life.state != State::uninitialized) {
    content += element(
        "p", {link(address + "/members", "Members"), Html(" · "), link(address + "/modify", "Apply for changes")});
    for (const auto& [action, text] : {std::pair{"suspend", "Suspend"}, std::pair{"unsuspend", "Resume"},
                                       std::pair{"terminate", "Terminate"}, std::pair{"reinstate", "Reinstate"}})
      if (offered(shown.actions, action)) content += button(address + "/" + action, token, text, true);
  }
  if (shown.last_application) content += application_of(shown, token, resources);
  co_return desk_.show(visit, {.title = shown.life.system ? std::string("A project of one's own") : shown.life.name,
                               .content = content,
                               .messages = done_before(request)});
}

Task<Result<Response>> ProjectPages::act(Request& request, Visit visit, FormData form) {
  const ProjectId id(request.parameters.at(0));
  const auto action = projects::action_from(last_segment(request.path));
  if (!action) co_return fail(Kind::not_found, "There is no such page.");
  CO_TRY_VOID(co_await projects_.act(caller(visit), id, *action, std::nullopt, std::string(form.value("reason"))));
  co_return desk_.go(visit, address_of(id) + "?done=saved");
}

// ---- applications

Task<Result<Response>> ProjectPages::application(Request& request, Visit visit) {
  const projects::ApplicationId id(number_in(request.parameters.at(0)));
  CO_TRY(const auto found, co_await projects_.project_of(id));
  co_return desk_.go(visit, address_of(found));
}

Task<Result<Response>> ProjectPages::decide(Request& request, Visit visit, FormData form) {
  const auto action = projects::action_from(last_segment(request.path));
  if (!action) co_return fail(Kind::not_found, "There is no such page.");
  const projects::ApplicationId id(number_in(request.parameters.at(0)));
  CO_TRY(const auto project, co_await projects_.project_of(id));
  CO_TRY_VOID(co_await projects_.act(caller(visit), id, *action, std::string(form.value("reason"))));
  co_return desk_.go(visit, address_of(project) + "?done=saved");
}

Task<Result<Response>> ProjectPages::form_page(Visit visit, ProjectForm shown, std::string address,
                                               FieldErrors errors) {
  std::vector<Message> messages;
  if (const auto general = errors.find(""); general != errors.end())
    messages = {{Message::Level::error, Html(general->second)}};
  Html inside = project_fields(shown, errors);
  if (!shown.is_new) inside += hidden("seen", mark_of(shown));
  inside += submit("Send the application");
  const Html content = form(address, desk_.token(visit), {inside});
  co_return desk_.show(visit, {.title = shown.is_new ? "Apply for a project" : "Apply for changes",
                               .content = content,
                               .messages = std::move(messages),
                               .status = errors.empty() ? 200 : 400});
}

Task<Result<ProjectForm>> ProjectPages::new_form() {
  CO_TRY(auto resources, co_await quotas_.resources());
  std::erase_if(resources, [](const quota::Resource& resource) { return !resource.ui_visible; });
  ProjectForm shown{.resources = std::move(resources), .member_choices = projects_.settings().member_choices};
  take_project(shown, {}, {});
  co_return shown;
}

Task<Result<Response>> ProjectPages::blank(Request&, Visit visit) {
  CO_TRY(auto shown, co_await new_form());
  co_return co_await form_page(std::move(visit), std::move(shown), "/ui/projects/add", {});
}

Task<Result<Response>> ProjectPages::sent(Visit visit, ProjectForm shown, std::string address,
                                          std::optional<ProjectId> project) {
  FieldErrors errors;
  auto draft = draft_of(shown, errors);
  if (errors.empty()) {
    const auto done = co_await projects_.submit(caller(visit), project, std::move(draft));
    if (done) co_return desk_.go(visit, address_of(done->project) + "?done=applied");
    if (done.error().kind() != Kind::invalid && done.error().kind() != Kind::conflict) co_return fail(done.error());
    errors.emplace("", done.error().sentence());
  }
  co_return co_await form_page(std::move(visit), std::move(shown), std::move(address), std::move(errors));
}

Task<Result<Response>> ProjectPages::apply(Request&, Visit visit, FormData form) {
  CO_TRY(auto shown, co_await new_form());
  take_typed(shown, form);
  co_return co_await sent(std::move(visit), std::move(shown), "/ui/projects/add", std::nullopt);
}

Task<Result<ProjectForm>> ProjectPages::form_of_project(projects::Caller who, ProjectId id) {
  CO_TRY(const auto project, co_await projects_.show(std::move(who), std::move(id)));
  if (!project.decides) co_return fail(Kind::forbidden, "You do not have the permissions to perform this action.");
  CO_TRY(auto shown, co_await new_form());
  shown.is_new = false;
  shown.system = project.life.system;
  take_project(shown, project.life, project.capacities);
  co_return shown;
}

Task<Result<Response>> ProjectPages::change_form(Request& request, Visit visit) {
  const ProjectId id(request.parameters.at(0));
  CO_TRY(auto shown, co_await form_of_project(caller(visit), id));
  co_return co_await form_page(std::move(visit), std::move(shown), address_of(id) + "/modify", {});
}

Task<Result<Response>> ProjectPages::change(Request& request, Visit visit, FormData form) {
  const ProjectId id(request.parameters.at(0));
  CO_TRY(auto shown, co_await form_of_project(caller(visit), id));
  if (form.has("seen") && form.value("seen") != mark_of(shown))
    co_return co_await form_page(std::move(visit), std::move(shown), address_of(id) + "/modify",
                                 {{"",
                                   "Somebody else has changed the project: this is what it is now. Change what "
                                   "you want changed and send it again."}});
  take_typed(shown, form);
  co_return co_await sent(std::move(visit), std::move(shown), address_of(id) + "/modify", id);
}

}  // namespace nephele::identity::pages
