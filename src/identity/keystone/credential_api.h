// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "identity/keystone/desk.h"

namespace nephele::identity::keystone {

/// Application credentials. An owner's affair: administrators may look and remove.
class CredentialApi : Guarded<CredentialApi> {
 public:
  explicit CredentialApi(const Desk& desk) : Guarded(desk) {}
  static std::span<const http::Route<CredentialApi>> routes();

 private:
  friend Guarded<CredentialApi>;
  Task<Result<http::Response>> list(http::Request& request, Standing caller);
  Task<Result<http::Response>> create(http::Request& request, Standing caller);
  Task<Result<http::Response>> show(http::Request& request, Standing caller);
  Task<Result<http::Response>> remove(http::Request& request, Standing caller);
};

}  // namespace nephele::identity::keystone
