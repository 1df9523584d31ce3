// SPDX-License-Identifier: Apache-2.0
#include <ldap.h>

#include <set>

#include "clouds/ldap/distinguished_name.h"
#include "clouds/ldap/sign_in.h"
#include "clouds/ldap/text.h"

namespace nephele::ldap {

namespace {

constexpr int groups_max = 1'000;  // also what Active Directory gives at once
constexpr int depth_max = 20;
constexpr std::size_t members_per_search = 50;

std::string equals(const std::string& attribute, const std::string& value) {
  return "(" + attribute + "=" + escape_filter(value) + ")";
}

/// "(&(objectClass=groupOfNames)(|(member=...)(member=...)))"
Search narrowed(Search search, const std::string& any_of) {
  search.filter = "(&" + search.filter + "(|" + any_of + "))";
  return search;
}

/// Each once, also where it lies in the reach of two searches.
Result<std::vector<Group>> find(Connection& connection, const Groups& groups, const std::string& any_of) {
  std::vector<Group> out;
  std::set<std::string> known;
  for (const auto& search : groups.searches) {
    std::vector<Entry> found;
    const int code = connection.search(narrowed(search, any_of), {groups.name}, groups_max, found);
    if (auto usual = trouble(connection.server(), code)) return fail(*std::move(usual));
    if (code != LDAP_SUCCESS)
      return fail(Kind::invalid, "the group search below \"" + search.base + "\" fails: " + words_of(code));
    for (const auto& entry : found)
      if (known.insert(normal_dn(entry.dn).value_or(entry.dn)).second)
        out.push_back({.dn = entry.dn, .name = entry.text(groups.name).value_or("")});
  }
  return out;
}

Result<std::vector<Group>> by_dn(Connection& connection, const Groups& groups, const Entry& entry) {
  std::vector<Group> all;
  std::set<std::string> known;
  std::vector<std::string> members{entry.dn};
  for (int depth = 0; !members.empty() && depth < (groups.nested ? depth_max : 1); ++depth) {
    std::vector<std::string> next;
    for (std::size_t at = 0; at < members.size(); at += members_per_search) {
      std::string any_of;
      for (std::size_t i = at; i < std::min(members.size(), at + members_per_search); ++i)
        any_of += equals(groups.member, members[i]);
      TRY(auto found, find(connection, groups, any_of));
      for (auto& group : found) {
        if (!known.insert(normal_dn(group.dn).value_or(group.dn)).second) continue;  // also where they form a circle
        next.push_back(group.dn);
        all.push_back(std::move(group));
      }
    }
    if (all.size() > static_cast<std::size_t>(groups_max))
      return fail(Kind::invalid, "a user is in more than 1000 groups of the directory; narrow the group search");
    members = std::move(next);
  }
  return all;
}

}  // namespace

Result<std::vector<Group>> groups_of(Connection& connection, const Groups& groups, const Entry& entry,
                                     const std::string& user) {
  if (groups.type == Groups::Type::member_dn) return by_dn(connection, groups, entry);
  std::string any_of = equals(groups.member, entry.text("uid").value_or(user));
  if (const auto primary = entry.text("gidNumber")) any_of += equals("gidNumber", *primary);
  return find(connection, groups, any_of);
}

}  // namespace nephele::ldap
