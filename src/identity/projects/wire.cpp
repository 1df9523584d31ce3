// SPDX-License-Identifier: Apache-2.0
#include "identity/projects/wire.h"

#include "identity/astakos/conventions.h"
#include "identity/projects/draft.h"

namespace nephele::identity::projects::wire {

namespace {

using astakos::Answer;
using astakos::FaultName;
using astakos::refuse;
using astakos::timestamp;

/// The only member: what is to be done, and its arguments.
Answer<const json::Member*> only_member(const json::Object& body) {
  if (body.empty()) return refuse(FaultName::bad_request, "No action specified");
  if (body.size() > 1) return refuse(FaultName::bad_request, "Multiple actions specified; send one");
  return &*body.begin();
}

Answer<std::string> reason_in(const json::Value& arguments) {
  if (arguments.is_null()) return std::string();
  if (const auto* text = arguments.if_string()) return *text;
  const auto* object = arguments.if_object();
  if (object == nullptr) return refuse(FaultName::bad_request, "Malformed request: a reason is a text");
  for (const std::string_view name : {"reason", "reasons"}) {
    const auto* reason = object->find(name);
    if (reason == nullptr || reason->is_null()) continue;
    if (reason->if_string() == nullptr) return refuse(FaultName::bad_request, "Malformed request: a reason is a text");
    return *reason->if_string();
  }
  return std::string();
}

json::Value owner_of(const ProjectLife& project) {
  return project.owner.empty() ? json::Value() : json::Value(project.owner);
}

json::Object application_json(const Application& application) {
  json::Object out;
  out.append("id", application.id.number());
  out.append("state", to_string(application.state));
  out.append("project", application.project.text());
  out.append("applicant", application.applicant);
  out.append("issue_date", timestamp(application.issued));
  out.append("response_date", application.decided ? json::Value(timestamp(*application.decided)) : json::Value());
  out.append("response", application.reason);
  for (auto& [name, value] : to_json(application.wanted)) out.append(name, value);
  return out;
}

}  // namespace

Answer<WantedAction> action_from(const json::Object& body) {
  auto member = only_member(body);
  if (!member) return std::unexpected(std::move(member).error());
  const auto& [name, arguments] = **member;
  const auto action = projects::action_from(name);
  if (!action) return refuse(FaultName::bad_request, "No such action: '" + name + "'");
  auto reason = reason_in(arguments);
  if (!reason) return std::unexpected(std::move(reason).error());
  WantedAction wanted{.action = *action, .reason = std::move(*reason)};
  const auto* object = arguments.if_object();
  const auto* id = object == nullptr ? nullptr : object->find("app_id");
  if (id == nullptr || id->is_null()) return wanted;
  const auto number = id->integer();
  if (!number) return refuse(FaultName::bad_request, "Malformed request: app_id is a number");
  wanted.application = ApplicationId(*number);
  return wanted;
}

Answer<WantedStep> step_from(const json::Object& body) {
  auto member = only_member(body);
  if (!member) return std::unexpected(std::move(member).error());
  const auto& [name, arguments] = **member;
  const auto step = projects::step_from(name);
  if (!step) return refuse(FaultName::bad_request, "No such action: '" + name + "'");
  auto reason = reason_in(arguments);
  if (!reason) return std::unexpected(std::move(reason).error());
  return WantedStep{.step = *step, .reason = std::move(*reason)};
}

Answer<Entry> entry_from(const json::Object& body) {
  auto member = only_member(body);
  if (!member) return std::unexpected(std::move(member).error());
  const auto& [name, arguments] = **member;
  const bool enroll = name == "enroll";
  if (!enroll && name != "join") return refuse(FaultName::bad_request, "No such action: '" + name + "'");
  const auto project = arguments.if_object() == nullptr ? std::string_view() : arguments.text_at({"project"});
  if (project.empty()) return refuse(FaultName::bad_request, "Malformed request: missing project");
  Entry entry{.project = ProjectId(std::string(project))};
  if (!enroll) return entry;
  const auto user = arguments.text_at({"user"});
  if (user.empty()) return refuse(FaultName::bad_request, "Malformed request: missing user");
  entry.user = std::string(user);
  return entry;
}

std::optional<Mode> mode_from(std::string_view text) noexcept {
  if (text == "default") return Mode::standard;
  if (text == "related") return Mode::related;
  if (text == "member") return Mode::member;
  if (text == "active") return Mode::active;
  return std::nullopt;
}

json::Value to_json(const ShownProject& shown) {
  const auto& project = shown.life;
  json::Object out;
  out.append("id", project.id.text());
  out.append("state", to_string(project.state));
  out.append("creation_date", timestamp(project.created));
  out.append("name", project.name);
  out.append("owner", owner_of(project));
  out.append("homepage", project.homepage);
  out.append("description", project.description);
  out.append("end_date", timestamp(project.end));
  out.append("join_policy", to_string(project.join_policy));
  out.append("leave_policy", to_string(project.leave_policy));
  out.append("max_members", project.max_members);
  out.append("private", project.is_private);
  out.append("system_project", project.system);
  out.append("resources", projects::to_json(shown.capacities));
  if (shown.last_application) out.append("last_application", application_json(*shown.last_application));
  if (shown.decides && project.deactivated) out.append("deactivation_date", timestamp(*project.deactivated));
  return out;
}

json::Value to_json(const ShownMembership& shown) {
  const auto& membership = shown.membership;
  json::Object out;
  out.append("id", membership.id.number());
  out.append("user", membership.account.text());
  out.append("project", membership.project.text());
  out.append("state", to_string(membership.state));
  json::Array actions;
  for (const auto& action : shown.actions) actions.emplace_back(action);
  out.append("allowed_actions", std::move(actions));
  for (const auto& [state, at] : shown.steps) out.set(std::string(to_string(state)), timestamp(at));
  return out;
}

json::Value to_json(const Submitted& submitted) {
  json::Object out;
  out.append("application", submitted.application.number());
  out.append("id", submitted.project.text());
  return out;
}

}  // namespace nephele::identity::projects::wire
