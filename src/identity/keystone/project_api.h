// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "identity/keystone/desk.h"

namespace nephele::identity::projects {
class Projects;
}

namespace nephele::identity::keystone {

/// Projects and domains. What is done here to a project that Astakos knows is done to that as well.
class ProjectApi : Guarded<ProjectApi> {
 public:
  ProjectApi(const Desk& desk, projects::Projects& lives) : Guarded(desk), lives_(lives) {}
  static std::span<const http::Route<ProjectApi>> routes();

 private:
  friend Guarded<ProjectApi>;
  Task<Result<http::Response>> list(http::Request& request, Standing caller);
  Task<Result<http::Response>> create(http::Request& request, Standing caller);
  Task<Result<http::Response>> show(http::Request& request, Standing caller);
  Task<Result<http::Response>> change(http::Request& request, Standing caller);
  Task<Result<http::Response>> remove(http::Request& request, Standing caller);

  Task<Result<http::Response>> list_domains(http::Request& request, Standing caller);
  Task<Result<http::Response>> create_domain(http::Request& request, Standing caller);
  Task<Result<http::Response>> show_domain(http::Request& request, Standing caller);
  Task<Result<http::Response>> change_domain(http::Request& request, Standing caller);
  Task<Result<http::Response>> remove_domain(http::Request& request, Standing caller);

  projects::Projects& lives_;
};

}  // namespace nephele::identity::keystone
