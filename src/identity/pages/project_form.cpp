// SPDX-License-Identifier: Apache-2.0
#include "identity/pages/project_form.h"

#include <algorithm>
#include <array>

#include "base/quantity.h"
#include "base/secret.h"
#include "identity/pages/tables.h"
#include "identity/projects/rules.h"
#include "manage/value.h"

namespace nephele::identity::pages {

namespace {

constexpr std::array main_fields{"name", "homepage", "description"};
constexpr std::array other_fields{"end_date", "join_policy", "leave_policy", "max_members", "private", "comments"};

std::string member_field(const quota::Resource& resource) {
  return "member:" + resource.name;
}
std::string project_field(const quota::Resource& resource) {
  return "project:" + resource.name;
}

struct Choice {
  std::string value;
  std::string text;
};

Html choices(const std::string& name, const std::string& label, const std::vector<Choice>& offered,
             const std::string& chosen, const std::string& hint) {
  Html options;
  for (const auto& [value, text] : offered) {
    Attributes attributes{{"value", value}};
    if (value == chosen) attributes.push_back({"selected", "selected"});
    options += element("option", attributes, {Html(text)});
  }
  return element(
      "div", {{"class", "field"}},
      {element("label", {{"for", "id_" + name}}, {Html(label)}),
       element("select", {{"id", "id_" + name}, {"name", name}, {"aria-describedby", name + "-hint"}}, {options}),
       element("p", {{"class", "hint"}, {"id", name + "-hint"}}, {Html(hint)})});
}

Html policy(const ProjectForm& form, const std::string& name, const std::string& label, const std::string& hint) {
  return choices(name, label,
                 {{"auto", "everybody, at once"}, {"moderated", "once the owner agrees"}, {"closed", "nobody"}},
                 form.value(name), hint);
}

/// Numbers that the settings offer, and the one that is.
Html member_limit(const ProjectForm& form) {
  std::vector<Choice> offered;
  for (const auto& choice : form.member_choices) {
    const bool number = !choice.empty() && choice.find_first_not_of("0123456789") == std::string::npos;
    offered.push_back({number ? choice : "inf", choice});
  }
  const std::string now = form.value("max_members");
  if (std::ranges::find(offered, now, &Choice::value) == offered.end())
    offered.push_back({now, now == "inf" ? std::string("Unlimited") : now});
  return choices("max_members", "Members at most", offered, now, "More cannot join.");
}

std::string one_kind_of_line_ends(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] != '\r' || i + 1 == text.size() || text[i + 1] != '\n') out += text[i];
  return out;
}

std::string written(quota::Amount amount) {
  return show_count(amount, UnitStyle::automatic);
}

/// A new project has all that its form says, another one what somebody typed over.
bool wanted(const ProjectForm& form, const std::string& name) {
  const auto before = form.first.find(name);
  return form.is_new || form.value(name) != (before == form.first.end() ? std::string() : before->second);
}

template <class T>
void take_policy(const ProjectForm& form, const char* name, T& out, FieldErrors& errors) {
  const auto text = form.value(name);
  if (text.empty() || !wanted(form, name)) return;
  out = projects::policy_from(text);
  if (!out) errors.emplace(name, "choose one of these");
}

}  // namespace

Html project_fields(const ProjectForm& form, const FieldErrors& errors) {
  Html out;
  if (!form.system) {
    out += field({.name = "name",
                  .label = "Name",
                  .value = form.value("name"),
                  .hint = "Like a host's: lab.example.org",
                  .length_max = 80},
                 errors);
    out += field({.name = "homepage",
                  .label = "Home page",
                  .type = "url",
                  .value = form.value("homepage"),
                  .required = false,
                  .length_max = 255},
                 errors);
    out += text_area(
        {.name = "description", .label = "What it is for", .value = form.value("description"), .required = false},
        errors);
  }
  out += field({.name = "end_date", .label = "Last day", .type = "date", .value = form.value("end_date")}, errors);
  out += policy(form, "join_policy", "Who may join", "How somebody becomes a member.");
  out += policy(form, "leave_policy", "Who may leave", "How a member leaves again.");
  out += member_limit(form);
  out += choices("private", "Who sees it", {{"no", "everybody"}, {"yes", "its members alone"}}, form.value("private"),
                 "Others neither find it nor can ask to join.");
  for (const auto& resource : form.resources) {
    const std::string what = title_of(resource);
    out += field(
        {.name = member_field(resource),
         .label = what + ", for each member",
         .value = form.value(member_field(resource)),
         .hint = std::string("A number such as 4 or 20G, or inf; empty: ") + (form.is_new ? "the usual." : "as it is."),
         .required = false,
         .length_max = 40},
        errors);
    out += field({.name = project_field(resource),
                  .label = what + ", for the whole project",
                  .value = form.value(project_field(resource)),
                  .required = false,
                  .length_max = 40},
                 errors);
  }
  out += text_area({.name = "comments",
                    .label = "Anything that who decides about it should know",
                    .value = form.value("comments"),
                    .required = false},
                   errors);
  return out;
}

void take_typed(ProjectForm& form, const FormData& data) {
  const auto take = [&](const std::string& name) {
    if (data.has(name)) form.values.insert_or_assign(name, one_kind_of_line_ends(data.value(name)));
  };
  if (!form.system)
    for (const char* name : main_fields) take(name);
  for (const char* name : other_fields) take(name);
  for (const auto& resource : form.resources) {
    take(member_field(resource));
    take(project_field(resource));
  }
}

void take_project(ProjectForm& form, const projects::ProjectLife& project, const projects::Capacities& capacities) {
  form.values = {{"name", project.name},
                 {"homepage", project.homepage},
                 {"description", one_kind_of_line_ends(project.description)},
                 {"join_policy", std::string(to_string(project.join_policy))},
                 {"leave_policy", std::string(to_string(project.leave_policy))},
                 {"max_members", written(project.max_members)},
                 {"private", project.is_private ? "yes" : "no"}};
  if (project.end != Time{}) form.values["end_date"] = iso8601(project.end).substr(0, 10);
  for (const auto& resource : form.resources) {
    const auto found = capacities.find(resource.name);
    if (found == capacities.end()) continue;
    form.values[member_field(resource)] = written(found->second.member);
    form.values[project_field(resource)] = written(found->second.project);
  }
  form.first = form.values;
}

std::string mark_of(const ProjectForm& form) {
  std::string all;
  for (const auto& [name, value] : form.first) all += name + "=" + http::percent_encode(value) + "&";
  return sha256_hex(all).substr(0, 32);
}

projects::Draft draft_of(const ProjectForm& form, FieldErrors& errors) {
  projects::Draft draft;
  const auto text = [&](const char* name) {
    const auto found = form.values.find(name);
    const bool none = found == form.values.end() || form.system || !wanted(form, name);
    return none ? std::nullopt : std::optional(found->second);
  };
  draft.name = text("name");
  draft.homepage = text("homepage");
  draft.description = text("description");
  draft.comments = form.value("comments");
  if (wanted(form, "end_date")) {
    const auto end = manage::time_from(form.value("end_date"));
    if (end) draft.end = *end;
    if (!end) errors.emplace("end_date", "write a day such as 2030-12-31");
  }
  take_policy(form, "join_policy", draft.join_policy, errors);
  take_policy(form, "leave_policy", draft.leave_policy, errors);
  if (wanted(form, "max_members")) {
    const auto most = quantity_from(form.value("max_members"));
    if (most) draft.max_members = *most;
    if (!most) errors.emplace("max_members", most.error().sentence());
  }
  if (wanted(form, "private")) draft.is_private = form.value("private") == "yes";
  for (const auto& resource : form.resources) {
    const auto member = form.value(member_field(resource)), whole = form.value(project_field(resource));
    if (member.empty() && whole.empty()) continue;
    if (!wanted(form, member_field(resource)) && !wanted(form, project_field(resource))) continue;
    const auto for_member = quantity_from(member.empty() ? whole : member);
    const auto for_all = quantity_from(whole.empty() ? member : whole);
    if (!for_member) errors.emplace(member_field(resource), for_member.error().sentence());
    if (!for_all) errors.emplace(project_field(resource), for_all.error().sentence());
    if (for_member && for_all && *for_member > *for_all)
      errors.emplace(member_field(resource), "more than the whole project has");
    if (for_member && for_all)
      draft.capacities.emplace(resource.name, projects::Capacity{.project = *for_all, .member = *for_member});
  }
  const bool nothing = !draft.name && !draft.homepage && !draft.description && !draft.end && !draft.join_policy &&
                       !draft.leave_policy && !draft.max_members && !draft.is_private && draft.capacities.empty();
  if (nothing && errors.empty()) errors.emplace("", "You have not changed anything yet.");
  return draft;
}

}  // namespace nephele::identity::pages
