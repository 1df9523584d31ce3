// SPDX-License-Identifier: Apache-2.0
#include "identity/projects/api.h"

#include <array>
#include <charconv>
#include <utility>

#include "identity/astakos/conventions.h"
#include "identity/projects/draft.h"
#include "identity/projects/wire.h"

namespace nephele::identity::projects {

namespace {

using astakos::FaultName;
using astakos::json_answer;
using astakos::refuse;
using http::Access;
using http::Request;
using http::Response;
using http::Route;
using http::Verb;

constexpr std::size_t body_bytes_max = std::size_t{256} * 1024;

template <class T>
std::string all_json(const std::vector<T>& rows) {
  json::Array out;
  for (const auto& row : rows) out.push_back(wire::to_json(row));
  return json::write(std::move(out));
}

/// Digits that are no id of ours name nothing: 0.
astakos::Answer<MembershipId> membership_in(const Request& request) {
  const std::string& text = request.parameters.at(0);
  std::int64_t number = 0;
  if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos)
    return refuse(FaultName::bad_request, "Malformed request: a membership's id is a number");
  std::from_chars(text.data(), text.data() + text.size(), number);
  return MembershipId(number);
}

astakos::Answer<ProjectFilter> filter_in(const Request& request) {
  ProjectFilter filter{.name = request.query_value("name").value_or(""),
                       .owner = request.query_value("owner").value_or("")};
  if (const auto state = request.query_value("state")) {
    filter.state = state_from(*state);
    if (!filter.state) return refuse(FaultName::bad_request, "Unrecognized state '" + *state + "'");
  }
  if (const auto mode = request.query_value("mode")) {
    const auto known = wire::mode_from(*mode);
    if (!known) return refuse(FaultName::bad_request, "Unrecognized mode '" + *mode + "'");
    filter.mode = *known;
  }
  TRY(const auto limit, astakos::limit_in(request));
  if (limit) filter.limit = *limit;
  filter.after = ProjectId(request.query_value("marker").value_or(""));
  return filter;
}

}  // namespace

std::span<const Route<ProjectsApi>> ProjectsApi::routes() {
  using P = ProjectsApi;
  static constexpr auto table = astakos::slash_optional(std::array<Route<P>, 10>{{
      {Verb::get, "/account/v1.0/projects/", Access::late, &P::list},
      {Verb::post, "/account/v1.0/projects/", Access::late, &P::apply, body_bytes_max},
      {Verb::get, "/account/v1.0/projects/memberships/", Access::late, &P::memberships},
      {Verb::post, "/account/v1.0/projects/memberships/", Access::late, &P::enter, body_bytes_max},
      {Verb::get, "/account/v1.0/projects/memberships/{membership}/", Access::late, &P::membership},
      {Verb::post, "/account/v1.0/projects/memberships/{membership}/action/", Access::late, &P::step, body_bytes_max},
      {Verb::get, "/account/v1.0/projects/{project}/", Access::late, &P::show},
      {Verb::put, "/account/v1.0/projects/{project}/", Access::late, &P::modify, body_bytes_max},
      {Verb::post, "/account/v1.0/projects/{project}/action/", Access::late, &P::act, body_bytes_max},
      {Verb::post, "/account/v1.0/myaccount/default_project/", Access::late, &P::set_default, body_bytes_max},
  }});
  return table;
}

ProjectsApi::ProjectsApi(Projects& projects, astakos::Callers& callers, log::Logger log)
    : projects_(projects), callers_(callers), log_(std::move(log)) {}

Response ProjectsApi::failed(const Request& request, const Error& error) const {
  return astakos::fault_answer(astakos::fault_from(error, request, log_, "projects.failed"), request);
}

Task<astakos::Answer<Caller>> ProjectsApi::caller(const Request& request) {
  CO_TRY(const auto user, co_await astakos::calling_user(request, callers_));
  auto who = projects_.caller(AccountId(user.uuid));
  if (user.himself) co_return who;
  // An application credential looks, with the eyes of a user.
  if (request.verb != http::Verb::get && request.verb != http::Verb::head)
    co_return astakos::refuse(astakos::FaultName::forbidden, "An application credential may not change projects");
  who.admin = false;
  co_return who;
}

Task<astakos::Answer<std::pair<Caller, json::Object>>> ProjectsApi::caller_with_body(Request& request) {
  CO_TRY(auto who, co_await caller(request));
  CO_TRY(auto body, co_await astakos::json_object_body(request, body_bytes_max));
  co_return std::pair(std::move(who), std::move(body));
}

// ---- projects

Task<Response> ProjectsApi::list(Request& request) {
  auto who = co_await caller(request);
  if (!who) co_return astakos::fault_answer(who.error(), request);
  auto filter = filter_in(request);
  if (!filter) co_return astakos::fault_answer(filter.error(), request);
  const auto found = co_await projects_.list(std::move(*who), std::move(*filter));
  co_return found ? json_answer(200, all_json(*found)) : failed(request, found.error());
}

Task<Response> ProjectsApi::show(Request& request) {
  auto who = co_await caller(request);
  if (!who) co_return astakos::fault_answer(who.error(), request);
  const auto found = co_await projects_.show(std::move(*who), ProjectId(request.parameters.at(0)));
  co_return found ? json_answer(200, json::write(wire::to_json(*found))) : failed(request, found.error());
}

Task<Response> ProjectsApi::submitted(Request& request, std::optional<ProjectId> project) {
  auto asked = co_await caller_with_body(request);
  if (!asked) co_return astakos::fault_answer(asked.error(), request);
  auto draft = draft_from(asked->second);
  if (!draft) co_return failed(request, draft.error());
  const auto done = co_await projects_.submit(std::move(asked->first), std::move(project), std::move(*draft));
  co_return done ? json_answer(201, json::write(wire::to_json(*done))) : failed(request, done.error());
}

Task<Response> ProjectsApi::apply(Request& request) {
  co_return co_await submitted(request, std::nullopt);
}
Task<Response> ProjectsApi::modify(Request& request) {
  co_return co_await submitted(request, ProjectId(request.parameters.at(0)));
}

Task<Response> ProjectsApi::act(Request& request) {
  auto asked = co_await caller_with_body(request);
  if (!asked) co_return astakos::fault_answer(asked.error(), request);
  auto wanted = wire::action_from(asked->second);
  if (!wanted) co_return astakos::fault_answer(wanted.error(), request);
  const auto done = co_await projects_.act(std::move(asked->first), ProjectId(request.parameters.at(0)), wanted->action,
                                           wanted->application, std::move(wanted->reason));
  co_return done ? astakos::empty_answer(200) : failed(request, done.error());
}

// ---- memberships

Task<Response> ProjectsApi::memberships(Request& request) {
  auto who = co_await caller(request);
  if (!who) co_return astakos::fault_answer(who.error(), request);
  const auto named = request.query_value("project");
  const auto found =
      co_await projects_.memberships(std::move(*who), named ? std::optional(ProjectId(*named)) : std::nullopt);
  co_return found ? json_answer(200, all_json(*found)) : failed(request, found.error());
}

Task<Response> ProjectsApi::enter(Request& request) {
  auto asked = co_await caller_with_body(request);
  if (!asked) co_return astakos::fault_answer(asked.error(), request);
  auto entry = wire::entry_from(asked->second);
  if (!entry) co_return astakos::fault_answer(entry.error(), request);
  auto done = entry->user ? co_await projects_.enroll(std::move(asked->first), std::move(entry->project), *entry->user)
                          : co_await projects_.join(std::move(asked->first), std::move(entry->project));
  if (!done) co_return failed(request, done.error());
  json::Object out;
  out.append("id", done->number());
  co_return json_answer(200, json::write(std::move(out)));
}

Task<Response> ProjectsApi::membership(Request& request) {
  auto who = co_await caller(request);
  if (!who) co_return astakos::fault_answer(who.error(), request);
  const auto id = membership_in(request);
  if (!id) co_return astakos::fault_answer(id.error(), request);
  const auto found = co_await projects_.membership(std::move(*who), *id);
  co_return found ? json_answer(200, json::write(wire::to_json(*found))) : failed(request, found.error());
}

Task<Response> ProjectsApi::step(Request& request) {
  auto asked = co_await caller_with_body(request);
  if (!asked) co_return astakos::fault_answer(asked.error(), request);
  const auto id = membership_in(request);
  if (!id) co_return astakos::fault_answer(id.error(), request);
  auto wanted = wire::step_from(asked->second);
  if (!wanted) co_return astakos::fault_answer(wanted.error(), request);
  const auto done = co_await projects_.act(std::move(asked->first), *id, wanted->step, std::move(wanted->reason));
  co_return done ? astakos::empty_answer(200) : failed(request, done.error());
}

Task<Response> ProjectsApi::set_default(Request& request) {
  auto asked = co_await caller_with_body(request);
  if (!asked) co_return astakos::fault_answer(asked.error(), request);
  const auto* project = asked->second.find("project_id");
  if (project == nullptr || project->if_string() == nullptr)
    co_return astakos::fault_answer({FaultName::forbidden, "Expects a project_id: which one is the default?"}, request);
  const auto done =
      co_await projects_.set_default(asked->first, asked->first.account, ProjectId(*project->if_string()));
  co_return done ? astakos::empty_answer(200) : failed(request, done.error());
}

}  // namespace nephele::identity::projects
