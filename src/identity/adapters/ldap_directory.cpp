// SPDX-License-Identifier: Apache-2.0
#include "identity/adapters/ldap_directory.h"

#include "base/utf8.h"
#include "identity/ways/ldap_rules.h"

namespace nephele::identity {

namespace {

ldap::Scope scope_of(LdapSearch::Scope scope) {
  switch (scope) {
    case LdapSearch::Scope::base:
      return ldap::Scope::base;
    case LdapSearch::Scope::one_level:
      return ldap::Scope::one_level;
    case LdapSearch::Scope::subtree:
      break;
  }
  return ldap::Scope::subtree;
}

std::vector<ldap::Search> searches_of(const LdapSearches& searches) {
  std::vector<ldap::Search> all;
  for (const auto& search : searches)
    all.push_back({.base = search.base, .scope = scope_of(search.scope), .filter = search.filter});
  return all;
}

ldap::Groups groups_of(const LdapSettings& settings) {
  const auto& type = settings.group_type;
  ldap::Groups groups{.searches = searches_of(settings.group_search), .name = type.name_attribute};
  groups.nested = type.type.starts_with("Nested");
  if (type.type == "PosixGroupType") {
    groups.type = ldap::Groups::Type::member_uid;
    groups.member = "memberUid";
  } else if (!type.member_attribute.empty()) {
    groups.member = type.member_attribute;
  } else if (type.type.ends_with("GroupOfUniqueNamesType")) {
    groups.member = "uniqueMember";
  }
  return groups;
}

/// The list of AUTH_LDAP_SERVER_URI, parted by blanks or commas as libldap takes it.
std::vector<std::string> servers_of(const std::string& uris) {
  std::vector<std::string> servers;
  std::size_t begin = 0;
  while ((begin = uris.find_first_not_of(" ,", begin)) != std::string::npos) {
    const auto end = std::min(uris.find_first_of(" ,", begin), uris.size());
    servers.push_back(uris.substr(begin, end - begin));
    begin = end;
  }
  return servers;
}

std::optional<std::chrono::milliseconds> seconds_of(const settings::Node& value) {
  if (const auto* whole = value.if_integer(); whole != nullptr && *whole > 0) return std::chrono::seconds(*whole);
  if (const auto* real = value.if_real(); real != nullptr && *real > 0)
    return std::chrono::milliseconds(static_cast<std::int64_t>(*real * 1000));
  return std::nullopt;
}

/// Those of python-ldap that mean something here; all others are about python-ldap itself.
Result<> take_option(std::string_view name, const settings::Node& value, ldap::Settings& into) {
  const auto* word = value.if_text();
  const auto refuse = [&](std::string_view allowed) {
    return settings::fail_at(value.place(),
                             "AUTH_LDAP_CONNECTION_OPTIONS: " + std::string(name) + " must be " + std::string(allowed));
  };
  if (name.ends_with("OPT_NETWORK_TIMEOUT") || name.ends_with("OPT_TIMEOUT")) {
    const auto span = seconds_of(value);
    if (!span) return refuse("a number of seconds");
    (name.ends_with("OPT_NETWORK_TIMEOUT") ? into.connect : into.timeout) = *span;
  } else if (name.ends_with("OPT_X_TLS_CACERTFILE")) {
    if (word == nullptr) return refuse("the name of a file");
    into.ca_file = *word;
  } else if (name.ends_with("OPT_X_TLS_REQUIRE_CERT")) {
    const auto* number = value.if_integer();
    const bool never =
        (word != nullptr && (word->ends_with("OPT_X_TLS_NEVER") || word->ends_with("OPT_X_TLS_ALLOW"))) ||
        (number != nullptr && (*number == 0 || *number == 3));
    into.verify_tls = !never;
  }
  return {};
}

std::vector<std::string> texts(const ldap::Entry& entry, const std::string& name) {
  std::vector<std::string> out;
  if (auto first = entry.text(name)) out.push_back(std::move(*first));
  const auto& values = entry.values(name);
  for (std::size_t i = 1; i < values.size(); ++i)
    if (is_utf8(values[i]) && !values[i].contains('\0')) out.push_back(values[i]);
  return out;
}

}  // namespace

Result<ldap::Settings> ldap_settings(const LdapSettings& settings, bool groups) {
  ldap::Settings made;
  made.servers = servers_of(settings.server_uri);
  made.bind_dn = settings.bind_dn;
  made.bind_password = settings.bind_password;
  made.users = searches_of(settings.user_search);
  made.user_dn_template = settings.user_dn_template;
  made.attributes = ways::wanted_attributes(settings);
  made.require_group = settings.require_group;
  made.start_tls = settings.start_tls;
  made.plain_passwords = settings.plain_passwords;
  if (!settings.require_group.empty() || (groups && !settings.group_search.empty())) made.groups = groups_of(settings);
  if (const auto* options = settings.connection_options.entries.if_table())
    for (const auto& option : *options) TRY_VOID(take_option(option.key, option.value, made));
  if (const auto good = ldap::Directory::check(made); !good) return fail(Error(good.error()).about("AUTH_LDAP_*"));
  return made;
}

Result<std::unique_ptr<LdapDirectory>> LdapDirectory::open(const LdapSettings& settings, bool groups,
                                                           const log::Logger& log) {
  TRY(auto made, ldap_settings(settings, groups));
  if (!made.verify_tls) log.warn("ldap.unverified", {{"reason", "the directory's certificate is not checked"}});
  if (made.plain_passwords) log.warn("ldap.plain", {{"reason", "passwords may travel to the directory in the clear"}});
  auto attributes = made.attributes;
  return std::unique_ptr<LdapDirectory>(new LdapDirectory(std::move(made), std::move(attributes)));
}

LdapDirectory::LdapDirectory(ldap::Settings settings, std::vector<std::string> attributes)
    : attributes_(std::move(attributes)), directory_(std::move(settings)) {}

Task<Result<ways::DirectoryEntry>> LdapDirectory::authenticate(std::string user, Secret password) {
  CO_TRY(const auto found, co_await directory_.authenticate(std::move(user), std::move(password)));
  ways::DirectoryEntry entry;
  for (const auto& name : attributes_)
    if (auto values = texts(found, name); !values.empty()) entry.attributes.emplace(name, std::move(values));
  for (const auto& group : found.groups) entry.groups.push_back(group.name);
  co_return entry;
}

}  // namespace nephele::identity
