// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/settings.h"

/// How the structured values of Astakos' settings are read and written. What they encode is the Python of the files.
namespace nephele::settings {

template <>
struct Codec<identity::People> {
  static std::optional<identity::People> decode(const Node& node, const Allow& allow);
  static std::string encode(const identity::People& people);
  static std::string allowed(const Allow&) { return "a list such as [(\"Ada\", \"ada@example.org\")]"; }
};

template <>
struct Codec<identity::Notices> {
  static std::optional<identity::Notices> decode(const Node& node, const Allow& allow);
  static std::string encode(const identity::Notices& notices);
  static std::string allowed(const Allow&) { return "a list such as [(\"warning\", \"the text\")]"; }
};

template <>
struct Codec<identity::Dictionary> {
  static std::optional<identity::Dictionary> decode(const Node& node, const Allow& allow);
  static std::string encode(const identity::Dictionary& dictionary);
  static std::string allowed(const Allow&) { return "a dict such as {\"key\": \"value\"}"; }
};

template <>
struct Codec<identity::Choices> {
  static std::optional<identity::Choices> decode(const Node& node, const Allow& allow);
  static std::string encode(const identity::Choices& choices);
  static std::string allowed(const Allow&) { return "a list of numbers and texts"; }
};

template <>
struct Codec<identity::PerLevel> {
  static std::optional<identity::PerLevel> decode(const Node& node, const Allow& allow);
  static std::string encode(const identity::PerLevel& levels);
  static std::string allowed(const Allow&) { return "a dict such as {0: 100, 1: 2}"; }
};

template <>
struct Codec<identity::LdapSearches> {
  static std::optional<identity::LdapSearches> decode(const Node& node, const Allow& allow);
  static std::string encode(const identity::LdapSearches& searches);
  static std::string allowed(const Allow&) {
    return "LDAPSearch(\"ou=people,dc=example,dc=org\", ldap.SCOPE_SUBTREE, \"(uid=%(user)s)\"), or an "
           "LDAPSearchUnion of such";
  }
};

template <>
struct Codec<identity::LdapGroupType> {
  static std::optional<identity::LdapGroupType> decode(const Node& node, const Allow& allow);
  static std::string encode(const identity::LdapGroupType& type);
  static std::string allowed(const Allow&) {
    return "one of PosixGroupType(), MemberDNGroupType(\"member\"), GroupOfNamesType(), GroupOfUniqueNamesType(), "
           "ActiveDirectoryGroupType() and their Nested forms";
  }
};

template <>
struct Codec<identity::LdapAttributes> {
  static std::optional<identity::LdapAttributes> decode(const Node& node, const Allow& allow);
  static std::string encode(const identity::LdapAttributes& attributes);
  static std::string allowed(const Allow&) { return "a dict such as {\"email\": (\"mail\", True)}"; }
};

}  // namespace nephele::settings
