// SPDX-License-Identifier: Apache-2.0
#include "identity/projects/draft.h"

#include <fmt/format.h>

#include "identity/astakos/conventions.h"
#include "identity/projects/rules.h"
#include "manage/value.h"

namespace nephele::identity::projects {

namespace {

std::unexpected<Error> wrong(std::string_view member, std::string_view wanted) {
  return fail(Kind::invalid, fmt::format("\"{}\" is wrong; write {}", member, wanted));
}

const json::Value* given(const json::Object& body, std::string_view name) {
  const auto* value = body.find(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

Result<std::optional<std::string>> text_in(const json::Object& body, std::string_view name) {
  const auto* value = given(body, name);
  if (value == nullptr) return std::optional<std::string>();
  if (value->if_string() == nullptr) return wrong(name, "a text");
  return std::optional(*value->if_string());
}

Result<std::optional<Time>> time_in(const json::Object& body, std::string_view name) {
  TRY(const auto text, text_in(body, name));
  if (!text) return std::optional<Time>();
  const auto time = manage::time_from(*text);
  if (!time) return wrong(name, "a date such as 2030-12-31, or a time such as 2030-12-31T12:00:00Z");
  return std::optional(*time);
}

Result<std::optional<Policy>> policy_in(const json::Object& body, std::string_view name) {
  TRY(const auto text, text_in(body, name));
  if (!text) return std::optional<Policy>();
  const auto policy = policy_from(*text);
  if (!policy) return wrong(name, "auto, moderated or closed");
  return policy;
}

Result<std::optional<std::int64_t>> number_in(const json::Object& body, std::string_view name) {
  const auto* value = given(body, name);
  if (value == nullptr) return std::optional<std::int64_t>();
  const auto number = value->integer();
  if (!number) return wrong(name, "a whole number");
  return number;
}

Result<std::optional<bool>> flag_in(const json::Object& body, std::string_view name) {
  const auto* value = given(body, name);
  if (value == nullptr) return std::optional<bool>();
  if (value->if_bool() == nullptr) return wrong(name, "true or false");
  return std::optional(*value->if_bool());
}

Result<Capacities> capacities_in(const json::Object& body) {
  constexpr std::string_view form = "{\"RESOURCE\": {\"project_capacity\": N, \"member_capacity\": N}}";
  Capacities capacities;
  const auto* value = given(body, "resources");
  if (value == nullptr) return capacities;
  if (value->if_object() == nullptr) return wrong("resources", form);
  for (const auto& [resource, amounts] : *value->if_object()) {
    const auto* both = amounts.if_object();
    if (both == nullptr) return wrong("resources", form);
    TRY(const auto project, number_in(*both, "project_capacity"));
    TRY(const auto member, number_in(*both, "member_capacity"));
    if (!project || !member) return wrong("resources", form);
    capacities.emplace(resource, Capacity{.project = *project, .member = *member});
  }
  return capacities;
}

template <class T>
json::Value or_null(const std::optional<T>& value) {
  return value ? json::Value(*value) : json::Value();
}
json::Value or_null(const std::optional<Time>& value) {
  return value ? json::Value(astakos::timestamp(*value)) : json::Value();
}
json::Value or_null(const std::optional<Policy>& value) {
  return value ? json::Value(to_string(*value)) : json::Value();
}

}  // namespace

Result<Draft> draft_from(const json::Object& body) {
  Draft draft;
  TRY(draft.name, text_in(body, "name"));
  TRY(draft.owner, text_in(body, "owner"));
  TRY(draft.homepage, text_in(body, "homepage"));
  TRY(draft.description, text_in(body, "description"));
  TRY(draft.start, time_in(body, "start_date"));
  TRY(draft.end, time_in(body, "end_date"));
  TRY(draft.join_policy, policy_in(body, "join_policy"));
  TRY(draft.leave_policy, policy_in(body, "leave_policy"));
  TRY(draft.max_members, number_in(body, "max_members"));
  TRY(draft.is_private, flag_in(body, "private"));
  TRY(draft.capacities, capacities_in(body));
  TRY(const auto comments, text_in(body, "comments"));
  draft.comments = comments.value_or("");
  return draft;
}

json::Object to_json(const Capacities& capacities) {
  json::Object out;
  for (const auto& [resource, capacity] : capacities) {
    json::Object both;
    both.append("project_capacity", capacity.project);
    both.append("member_capacity", capacity.member);
    out.append(resource, std::move(both));
  }
  return out;
}

json::Object to_json(const Draft& draft) {
  json::Object out;
  out.append("name", or_null(draft.name));
  out.append("owner", or_null(draft.owner));
  out.append("homepage", or_null(draft.homepage));
  out.append("description", or_null(draft.description));
  out.append("start_date", or_null(draft.start));
  out.append("end_date", or_null(draft.end));
  out.append("join_policy", or_null(draft.join_policy));
  out.append("leave_policy", or_null(draft.leave_policy));
  out.append("max_members", or_null(draft.max_members));
  out.append("private", or_null(draft.is_private));
  out.append("comments", draft.comments);
  out.append("resources", to_json(draft.capacities));
  return out;
}

}  // namespace nephele::identity::projects
