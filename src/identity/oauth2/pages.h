// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "identity/oauth2/server.h"
#include "identity/pages/desk.h"

namespace nephele::identity::oauth2 {

/// Where an endpoint is, below the settings' prefix: "oauth2/" and "auth/" are "/oauth2/auth".
std::string endpoint_path(const OAuth2Settings& settings, const std::string& name);

/// Where a program sends users to: it gets a code, after they agreed if it is not one that the site trusts.
class AuthorizePages : private pages::Guarded<AuthorizePages> {
 public:
  AuthorizePages(pages::Desk& desk, Server& server);
  /// At the path that the settings give; the rows refer to it.
  std::vector<http::Route<AuthorizePages>> routes() const;

 private:
  friend pages::Guarded<AuthorizePages>;
  Task<Result<http::Response>> ask(http::Request& request, pages::Visit visit);
  Task<Result<http::Response>> agree(http::Request& request, pages::Visit visit, pages::FormData form);

  /// The path is reached as the protocol wants it: by https, or on this very machine.
  bool safe() const;
  Task<Result<http::Response>> granted(pages::Visit visit, Checked checked);
  http::Response consent(const pages::Visit& visit, const Ask& ask, const Checked& checked) const;

  Server& server_;
  std::string path_, path_with_slash_;
};

/// Beside the pages: where programs change a code for a token, and where services ask what a token is good for.
class TokenApi {
 public:
  TokenApi(Server& server, sql::Database& database, log::Logger log);
  std::vector<http::Route<TokenApi>> routes() const;

 private:
  Task<http::Response> exchange(http::Request& request);
  Task<http::Response> validate(http::Request& request);
  http::Response refused(const http::Request& request, const Error& error) const;

  Server& server_;
  sql::Database& database_;
  log::Logger log_;
  std::string path_, path_with_slash_;
};

}  // namespace nephele::identity::oauth2
