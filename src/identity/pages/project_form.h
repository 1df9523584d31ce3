// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "identity/pages/forms.h"
#include "identity/projects/model.h"
#include "identity/quota/model.h"

/// The form of a project, both ways: no I/O.
namespace nephele::identity::pages {

/// What the fields hold, as text: what somebody typed, or what a project is.
struct ProjectForm {
  bool is_new = true;
  bool system = false;  ///< a user's own: what it is called and whose it is stays
  std::map<std::string, std::string, std::less<>> values = {};
  std::map<std::string, std::string, std::less<>> first = {};  ///< the same before anything was typed
  std::vector<quota::Resource> resources = {};                 ///< that pages show
  std::vector<std::string> member_choices = {};

  std::string value(std::string_view name) const {
    const auto found = values.find(name);
    return found == values.end() ? std::string() : found->second;
  }
};

Html project_fields(const ProjectForm& form, const FieldErrors& errors);
/// What was typed, to be shown again beside what is wrong with it. Lines end as we write them, not as forms do.
void take_typed(ProjectForm& form, const FormData& data);
void take_project(ProjectForm& form, const projects::ProjectLife& project, const projects::Capacities& capacities);
/// Tells apart what a project was when a form for changes was made. A form that is older than the project would put
/// back what somebody else has changed.
std::string mark_of(const ProjectForm& form);
/// Puts a sentence into `errors` for each field that cannot be. Of a form for changes what is as it was is not wanted:
/// whatever it has become by the time of the approval, it stays.
projects::Draft draft_of(const ProjectForm& form, FieldErrors& errors);

}  // namespace nephele::identity::pages
