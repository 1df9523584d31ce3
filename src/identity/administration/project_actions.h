// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "identity/administration/user_actions.h"
#include "identity/projects/projects.h"

namespace nephele::identity::administration {

/// What administrators do to projects, one at a time, whether or not ASTAKOS_PROJECT_ADMINS names them.
class ProjectActions {
 public:
  /// Both outlive it.
  ProjectActions(projects::Projects& projects, UserActions& users) : projects_(projects), users_(users) {}

  /// Approve and deny are about the project's last application. Fails with `not_found`, with `forbidden` for a user's
  /// own project whose account is not the actor's to change, else as Projects' calls.
  Task<Result<>> act(ProjectAction action, std::string project, ActionData data, std::string actor);
  /// Those behind `after`, by id; users' own ones are not among them.
  Task<Result<std::vector<projects::ShownProject>>> page(std::string after, std::size_t limit);
  Task<Result<projects::ShownProject>> find(std::string project);

 private:
  projects::Projects& projects_;
  UserActions& users_;
};

/// What of the project's own actions, and contact, he may do to it now.
std::vector<std::string> offered(const Powers& powers, const Overrides& overrides,
                                 const projects::ShownProject& project);

}  // namespace nephele::identity::administration
