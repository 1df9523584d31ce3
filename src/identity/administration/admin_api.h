// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "identity/administration/admin_guard.h"
#include "identity/administration/project_actions.h"
#include "identity/administration/user_actions.h"
#include "identity/astakos/faults.h"

/// Administration over the web (contract astakos, 13): users and projects are listed, shown and acted on. Its pages
/// come later; what they will stand on is here.
namespace nephele::identity::administration {

class AdminApi {
 public:
  /// All outlive it.
  AdminApi(AdminGuard& guard, pages::Desk& desk, UserActions& actions, ProjectActions& projects, Overrides overrides,
           log::Logger log);
  static std::span<const http::Route<AdminApi>> routes();

 private:
  using Handler = Task<astakos::Answer<http::Response>> (AdminApi::*)(http::Request&, Administrator);
  template <Handler handler>
  Task<http::Response> guarded(http::Request& request);
  Task<http::Response> home(http::Request& request);

  Task<astakos::Answer<http::Response>> list(http::Request& request, Administrator who);
  Task<astakos::Answer<http::Response>> show(http::Request& request, Administrator who);
  Task<astakos::Answer<http::Response>> act(http::Request& request, Administrator who);
  Task<astakos::Answer<http::Response>> list_projects(http::Request& request, Administrator who);
  Task<astakos::Answer<http::Response>> show_project(http::Request& request, Administrator who);
  http::Response answered(const json::Object& body, const Administrator& who) const;
  Task<Result<http::Response>> home_page(Administrator who);

  AdminGuard& guard_;
  pages::Desk& desk_;
  UserActions& actions_;
  ProjectActions& projects_;
  Overrides overrides_;
  log::Logger log_;
};

}  // namespace nephele::identity::administration
