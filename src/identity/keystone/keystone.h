// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "http/router.h"
#include "identity/identity.h"

namespace nephele::identity::projects {
class Projects;
}

/// The OpenStack Identity API v3 over identity: its routes, and what a new cloud needs to be administered by it.
namespace nephele::identity::keystone {

class Tokens;

class Keystone {
 public:
  /// All outlive it. `public_url`: how clients reach this service, without a slash at the end.
  Keystone(Identity& identity, projects::Projects& projects, sql::Database& database, const Clock& clock,
           std::string public_url);
  ~Keystone();
  Keystone(const Keystone&) = delete;
  Keystone& operator=(const Keystone&) = delete;

  /// The port may be known late.
  void set_public_url(std::string url);
  const http::Faults& faults() const noexcept;
  Tokens& tokens() noexcept;
  /// It outlives the router.
  void add_to(http::Router& router);

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

/// The administrator of a new cloud.
inline constexpr std::string_view first_administrator = "admin";
inline constexpr std::string_view first_project = "admin";
inline constexpr std::string_view first_region = "default";

/// Roles, the project `admin`, this service in the catalog under `public_url`. What is there stays; the service's
/// endpoints follow the URL.
Task<Result<>> seed(sql::Database& database, const Clock& clock, std::string public_url);
/// Gives an account the role admin in the project `admin`, the default domain and the system; makes role and project
/// where no identity service has run yet.
Task<Result<>> make_administrator(sql::Database& database, const Clock& clock, AccountId account);
/// Takes away what that gives.
Task<Result<>> unmake_administrator(sql::Database& database, AccountId account);

}  // namespace nephele::identity::keystone
