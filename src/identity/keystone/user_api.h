// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "identity/keystone/desk.h"

namespace nephele::identity::keystone {

/// Users and groups.
class UserApi : Guarded<UserApi> {
 public:
  explicit UserApi(const Desk& desk) : Guarded(desk) {}
  static std::span<const http::Route<UserApi>> routes();

 private:
  friend Guarded<UserApi>;
  Task<Result<http::Response>> list(http::Request& request, Standing caller);
  Task<Result<http::Response>> create(http::Request& request, Standing caller);
  Task<Result<http::Response>> show(http::Request& request, Standing caller);
  Task<Result<http::Response>> change(http::Request& request, Standing caller);
  Task<Result<http::Response>> remove(http::Request& request, Standing caller);
  Task<Result<http::Response>> change_password(http::Request& request, Standing caller);
  Task<Result<http::Response>> groups_of(http::Request& request, Standing caller);

  Task<Result<http::Response>> list_groups(http::Request& request, Standing caller);
  Task<Result<http::Response>> create_group(http::Request& request, Standing caller);
  Task<Result<http::Response>> show_group(http::Request& request, Standing caller);
  Task<Result<http::Response>> change_group(http::Request& request, Standing caller);
  Task<Result<http::Response>> remove_group(http::Request& request, Standing caller);
  Task<Result<http::Response>> members(http::Request& request, Standing caller);
  Task<Result<http::Response>> add_member(http::Request& request, Standing caller);
  Task<Result<http::Response>> is_member(http::Request& request, Standing caller);
  Task<Result<http::Response>> remove_member(http::Request& request, Standing caller);
};

}  // namespace nephele::identity::keystone
