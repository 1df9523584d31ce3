// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/async.h"
#include "base/secret.h"

/// Sign-in by a directory: OpenLDAP, Active Directory and what else speaks LDAP version 3. Blocking calls of libldap on
/// a bounded pool; its headers stand in .cpp files only.
namespace nephele::ldap {

enum class Scope : std::uint8_t { base, one_level, subtree };

struct Search {
  std::string base;
  Scope scope = Scope::subtree;
  std::string filter = "(objectClass=*)";  ///< of users with %(user)s in it
};

struct Groups {
  enum class Type : std::uint8_t {
    member_dn,   ///< groupOfNames, groupOfUniqueNames, Active Directory: the attribute holds distinguished names
    member_uid,  ///< posixGroup: it holds user names; a user's primary group counts too
  };
  std::vector<Search> searches;  ///< without %(user)s; together they find all groups that may matter
  Type type = Type::member_dn;
  std::string member = "member";  ///< "uniqueMember", "memberUid"
  std::string name = "cn";        ///< attribute that a group is called by
  bool nested = false;            ///< a group's groups are the user's too (member_dn only)
};

struct Settings {
  std::vector<std::string> servers;  ///< ldap://host:389, ldaps://host, ldapi://...; the next one when one is not there
  std::string bind_dn = {};          ///< who searches; empty: nobody (anonymous)
  Secret bind_password = {};
  std::vector<Search> users = {};     ///< all are looked through for one entry; or:
  std::string user_dn_template = {};  ///< "uid=%(user)s,ou=people,dc=example,dc=org": no search is needed
  bool read_as_user = false;          ///< attributes and groups are read with the user's rights, not with bind_dn's
  std::vector<std::string> attributes = {};  ///< wanted ones; empty: all that users have
  std::optional<Groups> groups = {};
  std::string require_group = {};  ///< distinguished name; others may not sign in
  std::string deny_group = {};     ///< members may not sign in
  bool start_tls = false;
  bool verify_tls = true;    ///< false only where a setting says so; logged loudly by the caller
  std::string ca_file = {};  ///< empty: the system's
  /// Sends passwords without TLS to another machine. Never but for a network that nobody else can read.
  bool plain_passwords = false;
  std::chrono::milliseconds connect{5'000};   ///< for each server
  std::chrono::milliseconds timeout{20'000};  ///< for one sign-in, all in all
  std::size_t sign_ins = 8;                   ///< at once
  std::size_t waiting = 256;                  ///< more answer `busy`
};

struct Group {
  std::string dn;
  std::string name;
};

/// What the directory says about somebody who has proved who he is.
struct Entry {
  std::string dn;
  /// As the server names them; values are bytes.
  std::vector<std::pair<std::string, std::vector<std::string>>> attributes;
  std::vector<Group> groups;

  /// All values; an empty list when there are none. Names are compared without case.
  const std::vector<std::string>& values(std::string_view name) const noexcept;
  /// The first value as text; objectGUID in its usual form. Nothing when there is none or it is not UTF-8.
  std::optional<std::string> text(std::string_view name) const;
};

/// Errors: `unauthorized` (nobody of this name, wrong password, account locked, not in the required group: which of
/// them is not told), `unavailable`, `timeout`, `busy`, and `invalid` when the settings do not fit the directory (the
/// sentence says which). No error holds a password.
class Directory {
 public:
  /// `invalid`: settings that contradict themselves, or that would show passwords to the network.
  static Result<> check(const Settings& settings);
  /// Throws std::runtime_error when check() refuses the settings.
  explicit Directory(Settings settings);
  ~Directory();
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  /// Finds the user, proves the password by signing in as him, reads his entry and groups. A connection of its own for
  /// each call: a server that comes back is used at once.
  Task<Result<Entry>> authenticate(std::string user, Secret password);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nephele::ldap
