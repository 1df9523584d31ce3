// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "identity/directory/store.h"
#include "identity/keystone/desk.h"

namespace nephele::identity::keystone {

/// Roles, and who has them where.
class RoleApi : Guarded<RoleApi> {
 public:
  explicit RoleApi(const Desk& desk) : Guarded(desk) {}
  static std::span<const http::Route<RoleApi>> routes();

 private:
  friend Guarded<RoleApi>;
  Task<Result<http::Response>> list(http::Request& request, Standing caller);
  Task<Result<http::Response>> create(http::Request& request, Standing caller);
  Task<Result<http::Response>> show(http::Request& request, Standing caller);
  Task<Result<http::Response>> change(http::Request& request, Standing caller);
  Task<Result<http::Response>> remove(http::Request& request, Standing caller);

  /// The path tells actor, target, role and inheritance.
  Task<Result<http::Response>> grants(http::Request& request, Standing caller);
  Task<Result<http::Response>> grant(http::Request& request, Standing caller);
  Task<Result<http::Response>> has_grant(http::Request& request, Standing caller);
  Task<Result<http::Response>> withdraw(http::Request& request, Standing caller);
  Task<Result<http::Response>> assignments(http::Request& request, Standing caller);
};

}  // namespace nephele::identity::keystone
