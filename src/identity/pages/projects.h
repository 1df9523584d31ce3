// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "identity/pages/desk.h"
#include "identity/pages/project_form.h"
#include "identity/projects/projects.h"

namespace nephele::identity::pages {

/// Projects, as their members, owners and administrators use them, and what somebody may use and does (contract
/// astakos, 11).
class ProjectPages : private Guarded<ProjectPages> {
 public:
  /// All outlive it.
  ProjectPages(Desk& desk, projects::Projects& projects, quota::Quotas& quotas)
      : Guarded(desk), projects_(projects), quotas_(quotas) {}
  static std::span<const http::Route<ProjectPages>> routes();

 private:
  friend Guarded<ProjectPages>;
  using Answer = Task<Result<http::Response>>;
  Answer list(http::Request& request, Visit visit);
  /// `rest`: behind what waits.
  Task<Result<std::vector<projects::ShownProject>>> page_of(const Visit& visit, projects::ProjectFilter filter,
                                                            bool rest);
  Answer search(http::Request& request, Visit visit, FormData form);
  Answer how_it_works(http::Request& request, Visit visit);
  Answer blank(http::Request& request, Visit visit);
  Answer apply(http::Request& request, Visit visit, FormData form);
  Answer show(http::Request& request, Visit visit);
  Answer change_form(http::Request& request, Visit visit);
  Answer change(http::Request& request, Visit visit, FormData form);
  Answer act(http::Request& request, Visit visit, FormData form);
  Answer decide(http::Request& request, Visit visit, FormData form);
  Answer application(http::Request& request, Visit visit);
  Answer join(http::Request& request, Visit visit, FormData form);
  Answer leave(http::Request& request, Visit visit, FormData form);
  Answer cancel_request(http::Request& request, Visit visit, FormData form);
  Answer members(http::Request& request, Visit visit);
  Answer enroll(http::Request& request, Visit visit, FormData form);
  Answer step(http::Request& request, Visit visit, FormData form);
  Answer usage(http::Request& request, Visit visit);

  Answer form_page(Visit visit, ProjectForm shown, std::string address, FieldErrors errors);
  Answer own_step(Visit visit, std::string project, projects::Step step);
  Answer sent(Visit visit, ProjectForm shown, std::string address, std::optional<ProjectId> project);
  Task<Result<ProjectForm>> new_form();
  Task<Result<ProjectForm>> form_of_project(projects::Caller who, ProjectId id);
  projects::Caller caller(const Visit& visit) const { return projects_.caller(visit.session->account.id); }

  projects::Projects& projects_;
  quota::Quotas& quotas_;
};

}  // namespace nephele::identity::pages
