// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "base/log.h"
#include "http/router.h"
#include "identity/astakos/callers.h"
#include "identity/astakos/faults.h"
#include "identity/projects/projects.h"

/// Projects and memberships of account/v1.0 (contract astakos, 7.4): `router.add(api, ProjectsApi::routes())`, over a
/// router whose faults are AstakosFaults.
namespace nephele::identity::projects {

class ProjectsApi {
 public:
  /// Everything outlives the API.
  ProjectsApi(Projects& projects, astakos::Callers& callers, log::Logger log);
  static std::span<const http::Route<ProjectsApi>> routes();

 private:
  template <class T>
  using Answer = astakos::Answer<T>;
  Task<http::Response> list(http::Request& request);
  Task<http::Response> apply(http::Request& request);
  Task<http::Response> show(http::Request& request);
  Task<http::Response> modify(http::Request& request);
  Task<http::Response> act(http::Request& request);
  Task<http::Response> memberships(http::Request& request);
  Task<http::Response> enter(http::Request& request);
  Task<http::Response> membership(http::Request& request);
  Task<http::Response> step(http::Request& request);
  Task<http::Response> set_default(http::Request& request);

  Task<Answer<Caller>> caller(const http::Request& request);
  /// Who calls, and what he sent.
  Task<Answer<std::pair<Caller, json::Object>>> caller_with_body(http::Request& request);
  Task<http::Response> submitted(http::Request& request, std::optional<ProjectId> project);
  /// What a use case failed with, as a fault; one of ours goes to the log.
  http::Response failed(const http::Request& request, const Error& error) const;

  Projects& projects_;
  astakos::Callers& callers_;
  log::Logger log_;
};

}  // namespace nephele::identity::projects
