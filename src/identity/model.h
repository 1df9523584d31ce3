// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"

/// What accounts belong to and may do: domains, projects, groups, roles, and what there is to use. The words are those
/// of the OpenStack Identity API v3.
namespace nephele::identity {

using AccountId = Id<struct AccountTag>;  ///< a UUID
using TokenId = Id<struct TokenTag>;
using DomainId = Id<struct DomainTag>;  ///< "default", else 32 hex digits
using ProjectId = Id<struct ProjectTag>;
using GroupId = Id<struct GroupTag>;
using RoleId = Id<struct RoleTag>;
using CredentialId = Id<struct CredentialTag>;
using ServiceId = Id<struct ServiceTag>;
using EndpointId = Id<struct EndpointTag>;
using RegionId = Id<struct RegionTag>;

/// The domain that is always there, and its name.
inline constexpr std::string_view default_domain = "default";

struct Account {
  AccountId id;
  std::string name = {};  ///< what is typed at sign-in; unique in its domain
  bool admin = false;
  bool enabled = true;
  std::int64_t version = 1;  ///< grows with every change of password, rights or state: caches hang on it
  Time created = {};
  std::int64_t number = 0;  ///< the short id that administrators type
  DomainId domain{std::string(default_domain)};
  std::string email = {};  ///< empty, or unique without the case of ASCII letters
  std::string first_name = {}, last_name = {};
  std::string description = {};
  ProjectId default_project = {};  ///< empty: none
  Time updated = {};
  std::optional<Time> last_login = {};
};

/// "Ada Lovelace"; empty when neither of the two is known.
std::string full_name(const Account& account);
/// The same, else what is typed at sign-in.
std::string called(const Account& account);

/// A name space of users, groups and projects. A disabled one lets nobody in.
struct Domain {
  DomainId id = {};
  std::string name = {};  ///< names compare without the case of ASCII letters, here and below
  std::string description = {};
  bool enabled = true;
};

struct Project {
  ProjectId id;
  DomainId domain;
  ProjectId parent;  ///< empty: directly in the domain
  std::string name;
  std::string description;
  bool enabled = true;
  std::vector<std::string> tags;
  Time created;
};

struct Group {
  GroupId id;
  DomainId domain;
  std::string name;
  std::string description;
};

struct Role {
  RoleId id;
  DomainId domain;  ///< empty: of the whole cloud
  std::string name;
  std::string description;
};

/// Roles that the first start makes; each implies those behind it.
inline constexpr std::string_view admin_role = "admin", member_role = "member", reader_role = "reader";

enum class ActorKind : std::uint8_t { user, group };
enum class TargetKind : std::uint8_t { project, domain, system };
std::string_view to_string(ActorKind kind) noexcept;   ///< "user", "group"
std::string_view to_string(TargetKind kind) noexcept;  ///< "project", "domain", "system"
TargetKind target_kind(std::string_view text) noexcept;

struct Actor {
  ActorKind kind = ActorKind::user;
  std::string id;
};
/// Where a role holds, and what a token is for. The system's id is "all".
struct Target {
  TargetKind kind = TargetKind::project;
  std::string id;
  friend bool operator==(const Target&, const Target&) = default;
};

struct Assignment {
  Actor actor;
  Target target;
  RoleId role;
  bool inherited = false;  ///< holds for the projects below the target, not for the target
};

/// Signs a program in as its owner, with some of his roles in one project.
struct ApplicationCredential {
  CredentialId id;
  AccountId account;
  ProjectId project;
  std::string name;
  std::string description;
  std::vector<Role> roles;
  bool unrestricted = false;  ///< may make further credentials
  std::optional<Time> expires;
  Time created;
};

struct Region {
  RegionId id;
  std::string description;
  RegionId parent;
};

struct Service {
  ServiceId id;
  std::int64_t number = 0;  ///< in the order of registration, which is the catalog's
  std::string type;
  std::string name;
  std::string description;
  bool enabled = true;
  std::string component = {};  ///< whose it is in Astakos' registry; empty: nobody's
  bool is_public = true;       ///< shown in Astakos' catalog
};

struct Endpoint {
  EndpointId id;
  ServiceId service;
  std::string interface;  ///< public, internal or admin
  RegionId region;
  std::string url;  ///< may hold $(project_id)s and $(user_id)s
  bool enabled = true;
  std::string version = {};  ///< Astakos' versionId: "v2.0"
};

}  // namespace nephele::identity
