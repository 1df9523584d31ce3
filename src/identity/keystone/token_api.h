// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "identity/keystone/desk.h"

namespace nephele::identity::keystone {

/// Discovery, tokens, and what a token's owner may reach.
class TokenApi : Guarded<TokenApi> {
 public:
  explicit TokenApi(const Desk& desk) : Guarded(desk) {}
  static std::span<const http::Route<TokenApi>> routes();

 private:
  friend Guarded<TokenApi>;
  Task<http::Response> versions(http::Request& request);
  Task<http::Response> version(http::Request& request);
  Task<http::Response> issue(http::Request& request);
  Task<http::Response> show(http::Request& request);
  Task<http::Response> revoke(http::Request& request);
  Task<Result<http::Response>> catalog(http::Request& request, Standing caller);
  Task<Result<http::Response>> projects(http::Request& request, Standing caller);
  Task<Result<http::Response>> domains(http::Request& request, Standing caller);
  Task<Result<http::Response>> systems(http::Request& request, Standing caller);
  using Seen = std::shared_ptr<const keystone::Seen>;
  Task<Result<Seen>> caller(const http::Request& request);
  /// `caller`: what X-Auth-Token says.
  Task<Result<Seen>> subject(const http::Request& request, Seen caller);
};

}  // namespace nephele::identity::keystone
