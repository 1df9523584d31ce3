// SPDX-License-Identifier: Apache-2.0
#include "clouds/ldap/sign_in.h"

#include <ldap.h>

#include <algorithm>

#include "base/secret.h"
#include "clouds/ldap/distinguished_name.h"
#include "clouds/ldap/text.h"

namespace nephele::ldap {

namespace {

std::unexpected<Error> refused() {
  return fail(Kind::unauthorized, "user or password are wrong, or the account may not sign in");
}

/// The first server that is there.
Result<Connection> connect(const Settings& settings, const Limit& limit) {
  std::optional<Error> first;
  for (const auto& server : settings.servers) {
    auto connection = Connection::open(settings, server, limit);
    if (connection) return connection;
    if (!first) first = std::move(connection).error();
    if (limit.over() || first->kind() == Kind::invalid) break;
  }
  return fail(*std::move(first));
}

Result<> bind_as_service(Connection& connection, const Settings& settings) {
  const int code = connection.bind(settings.bind_dn, settings.bind_password);
  if (code == LDAP_SUCCESS) return {};
  if (auto known = trouble(connection.server(), code)) return fail(*std::move(known));
  const std::string who = settings.bind_dn.empty() ? "anonymous access" : "\"" + settings.bind_dn + "\"";
  return fail(Kind::invalid, connection.server() + " refuses " + who + ": " + words_of(code));
}

/// Everything that the server may answer when it means no is one "no" to the user.
Result<> bind_as_user(Connection& connection, const std::string& dn, const Secret& password) {
  const int code = connection.bind(dn, password);
  if (code == LDAP_SUCCESS) return {};
  if (auto known = trouble(connection.server(), code)) return fail(*std::move(known));
  switch (code) {
    case LDAP_INVALID_CREDENTIALS:
    case LDAP_INAPPROPRIATE_AUTH:
    case LDAP_NO_SUCH_OBJECT:
    case LDAP_INVALID_DN_SYNTAX:
    case LDAP_CONSTRAINT_VIOLATION:
    case LDAP_UNWILLING_TO_PERFORM:
    case LDAP_INSUFFICIENT_ACCESS:
      return refused();
    default:
      return fail(Kind::invalid, connection.server() + " does not let users sign in: " + words_of(code));
  }
}

/// What a wrong password costs, for a name that is nobody's: the time must not tell who is in the directory. Nobody's
/// name below the same base, since a real one's lock-out would be another's trouble.
Result<Entry> bind_as_nobody(Connection& connection, const std::string& base, const Secret& password) {
  TRY_VOID(bind_as_user(connection, "cn=nobody-" + random_token(12) + (base.empty() ? "" : ",") + base, password));
  return refused();
}

/// Two entries at most: the second proves that the search does not tell people apart.
Result<> search_user(Connection& connection, const Search& search, const Settings& settings, std::vector<Entry>& into) {
  std::vector<std::string> wanted = settings.attributes;
  if (!wanted.empty() && settings.groups && settings.groups->type == Groups::Type::member_uid)
    wanted.insert(wanted.end(), {std::string("uid"), std::string("gidNumber")});
  const int code = connection.search(search, wanted, 2, into);
  if (code == LDAP_SUCCESS || code == LDAP_SIZELIMIT_EXCEEDED) return {};
  if (auto known = trouble(connection.server(), code)) return fail(*std::move(known));
  if (code == LDAP_NO_SUCH_OBJECT && search.scope == Scope::base) return {};  // the entry of a template
  return fail(Kind::invalid, "the user search below \"" + search.base + "\" fails: " + words_of(code));
}

/// Nothing when nobody has this name.
Result<std::optional<Entry>> find_user(Connection& connection, const Settings& settings, const std::string& user) {
  std::vector<Entry> found;
  for (Search search : settings.users) {
    TRY(search.filter, fill_in(search.filter, user, escape_filter));
    TRY_VOID(search_user(connection, search, settings, found));
  }
  // The same entry may lie in the reach of two searches.
  for (std::size_t i = 1; i < found.size(); ++i)
    if (!same_dn(found[i].dn, found[0].dn))
      return fail(Kind::invalid, "the user search finds several entries for one name; its filter must tell them apart");
  if (found.empty() || found[0].dn.empty()) return std::optional<Entry>();
  return std::optional(std::move(found[0]));
}

Result<Entry> read_entry(Connection& connection, const Settings& settings, const std::string& dn) {
  std::vector<Entry> found;
  TRY_VOID(search_user(connection, {.base = dn, .scope = Scope::base}, settings, found));
  if (found.empty())
    return fail(Kind::invalid,
                "a user has signed in whose entry cannot be read; give the bind DN or the user the right");
  return std::move(found[0]);
}

/// The password is proved before anything is read that only matters then.
Result<Entry> prove(Connection& connection, const Settings& settings, const std::string& user, const Secret& password) {
  std::optional<Entry> entry;
  std::string dn;
  if (settings.user_dn_template.empty()) {
    TRY_VOID(bind_as_service(connection, settings));
    TRY(entry, find_user(connection, settings, user));
    if (!entry) return bind_as_nobody(connection, settings.users.front().base, password);
    dn = entry->dn;
  } else {
    TRY(dn, fill_in(settings.user_dn_template, user, escape_dn));
  }
  TRY_VOID(bind_as_user(connection, dn, password));
  const bool as_user = settings.read_as_user || (settings.bind_dn.empty() && !settings.user_dn_template.empty());
  if (!as_user && (!entry || settings.groups)) TRY_VOID(bind_as_service(connection, settings));
  if (!entry || as_user) {
    TRY(entry, read_entry(connection, settings, dn));
  }
  return *std::move(entry);
}

bool holds(const std::vector<Group>& groups, const std::string& dn) {
  return std::ranges::any_of(groups, [&dn](const Group& group) { return same_dn(group.dn, dn); });
}

}  // namespace

Result<Entry> sign_in(const Settings& settings, const std::string& user, const Secret& password, const Limit& limit) {
  TRY(Connection connection, connect(settings, limit));
  TRY(Entry entry, prove(connection, settings, user, password));
  if (settings.groups) {
    TRY(entry.groups, groups_of(connection, *settings.groups, entry, user));
  }
  if (!settings.require_group.empty() && !holds(entry.groups, settings.require_group)) return refused();
  if (!settings.deny_group.empty() && holds(entry.groups, settings.deny_group)) return refused();
  return entry;
}

}  // namespace nephele::ldap
