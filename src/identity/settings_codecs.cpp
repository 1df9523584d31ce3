// SPDX-License-Identifier: Apache-2.0
#include "identity/settings_codecs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/settings/python_call.h"
#include "base/settings/python_text.h"

namespace nephele::settings {

namespace {

using identity::LdapSearch;

/// The texts of a pair; nothing for anything else.
std::optional<std::pair<std::string, std::string>> pair_of(const Node& node) {
  const auto* list = node.if_list();
  if (list == nullptr || list->size() != 2 || (*list)[0].if_text() == nullptr || (*list)[1].if_text() == nullptr)
    return std::nullopt;
  return std::pair(*(*list)[0].if_text(), *(*list)[1].if_text());
}

std::optional<std::int64_t> whole(std::string_view text) {
  return Codec<std::int64_t>::decode(Node({}, std::string(text)), {});
}

struct ScopeName {
  std::string_view name;
  LdapSearch::Scope scope;
};
constexpr std::array scopes{ScopeName{"SCOPE_BASE", LdapSearch::Scope::base},
                            ScopeName{"SCOPE_ONELEVEL", LdapSearch::Scope::one_level},
                            ScopeName{"SCOPE_SUBTREE", LdapSearch::Scope::subtree}};

std::optional<LdapSearch::Scope> scope_of(const Node& node) {
  if (const auto* number = node.if_integer(); number != nullptr && *number >= 0 && *number <= 2)
    return scopes[static_cast<std::size_t>(*number)].scope;  // as the protocol numbers them
  const auto* text = node.if_text();
  if (text == nullptr) return std::nullopt;
  const auto name = std::string_view(*text).substr(text->rfind('.') == std::string::npos ? 0 : text->rfind('.') + 1);
  const auto found = std::ranges::find(scopes, name, &ScopeName::name);
  return found == scopes.end() ? std::nullopt : std::optional(found->scope);
}

/// The n-th argument, or the keyword of that name.
const Node* argument(const PythonCall& call, std::size_t place, std::string_view keyword) {
  if (place < call.arguments->size()) return &(*call.arguments)[place];
  const Entry* entry = call.keywords->entry(keyword);
  return entry == nullptr ? nullptr : &entry->value;
}

std::optional<LdapSearch> search_of(const Node& node) {
  const auto call = call_of(node);
  if (!call || call->name != "LDAPSearch") return std::nullopt;
  LdapSearch search;
  const Node* base = argument(*call, 0, "base_dn");
  if (base == nullptr || base->if_text() == nullptr || call->arguments->size() > 3) return std::nullopt;
  search.base = *base->if_text();
  if (const Node* scope = argument(*call, 1, "scope")) {
    const auto known = scope_of(*scope);
    if (!known) return std::nullopt;
    search.scope = *known;
  }
  if (const Node* filter = argument(*call, 2, "filterstr")) {
    if (filter->if_text() == nullptr) return std::nullopt;
    search.filter = *filter->if_text();
  }
  return search;
}

constexpr std::array group_types{std::string_view("PosixGroupType"),
                                 std::string_view("MemberDNGroupType"),
                                 std::string_view("NestedMemberDNGroupType"),
                                 std::string_view("GroupOfNamesType"),
                                 std::string_view("NestedGroupOfNamesType"),
                                 std::string_view("GroupOfUniqueNamesType"),
                                 std::string_view("NestedGroupOfUniqueNamesType"),
                                 std::string_view("ActiveDirectoryGroupType"),
                                 std::string_view("NestedActiveDirectoryGroupType")};

/// Every item of a list through `read`; nothing when one is refused.
template <class T, class Read>
std::optional<std::vector<T>> each_of(const Node& node, Read read) {
  const auto* list = node.if_list();
  if (list == nullptr) return std::nullopt;
  std::vector<T> out;
  for (const Node& item : *list) {
    auto one = read(item);
    if (!one) return std::nullopt;
    out.push_back(std::move(*one));
  }
  return out;
}

}  // namespace

std::optional<identity::People> Codec<identity::People>::decode(const Node& node, const Allow&) {
  return each_of<identity::Person>(node, [](const Node& item) -> std::optional<identity::Person> {
    if (const auto* mail = item.if_text()) return identity::Person{.name = "", .mail = *mail};
    auto pair = pair_of(item);
    if (!pair) return std::nullopt;
    return identity::Person{.name = std::move(pair->first), .mail = std::move(pair->second)};
  });
}

std::string Codec<identity::People>::encode(const identity::People& people) {
  std::vector<std::string> items;
  for (const auto& [name, mail] : people)
    items.push_back(fmt::format("({}, {})", python_text(name), python_text(mail)));
  return fmt::format("[{}]", fmt::join(items, ", "));
}

std::optional<identity::Notices> Codec<identity::Notices>::decode(const Node& node, const Allow&) {
  return each_of<identity::Notice>(node, [](const Node& item) -> std::optional<identity::Notice> {
    auto pair = pair_of(item);
    if (!pair) return std::nullopt;
    return identity::Notice{.level = std::move(pair->first), .text = std::move(pair->second)};
  });
}

std::string Codec<identity::Notices>::encode(const identity::Notices& notices) {
  std::vector<std::string> items;
  for (const auto& [level, text] : notices)
    items.push_back(fmt::format("({}, {})", python_text(level), python_text(text)));
  return fmt::format("[{}]", fmt::join(items, ", "));
}

std::optional<identity::Dictionary> Codec<identity::Dictionary>::decode(const Node& node, const Allow&) {
  return node.if_table() == nullptr ? std::nullopt : std::optional(identity::Dictionary{node});
}

std::string Codec<identity::Dictionary>::encode(const identity::Dictionary& dictionary) {
  return python_node(dictionary.entries);
}

std::optional<identity::Choices> Codec<identity::Choices>::decode(const Node& node, const Allow&) {
  auto items = each_of<std::string>(node, [](const Node& item) {
    const auto* pair = item.if_list();
    return Codec<std::string>::decode(pair != nullptr && !pair->empty() ? pair->front() : item, {});
  });
  return items ? std::optional(identity::Choices{std::move(*items)}) : std::nullopt;
}

std::string Codec<identity::Choices>::encode(const identity::Choices& choices) {
  return python_of(choices.items);
}

std::optional<identity::PerLevel> Codec<identity::PerLevel>::decode(const Node& node, const Allow&) {
  const auto* table = node.if_table();
  if (table == nullptr) return std::nullopt;
  identity::PerLevel levels;
  for (const Entry& entry : *table) {
    const auto level = whole(entry.key);
    const auto* count = entry.value.if_integer();
    if (!level || count == nullptr || *level < 0 || *count < 0) return std::nullopt;
    levels[*level] = *count;
  }
  return levels;
}

std::string Codec<identity::PerLevel>::encode(const identity::PerLevel& levels) {
  std::vector<std::string> items;
  for (const auto& [level, count] : levels) items.push_back(fmt::format("{}: {}", level, count));
  return fmt::format("{{{}}}", fmt::join(items, ", "));
}

std::optional<identity::LdapSearches> Codec<identity::LdapSearches>::decode(const Node& node, const Allow&) {
  const auto call = call_of(node);
  if (!call || call->name != "LDAPSearchUnion") {
    auto one = search_of(node);
    return one ? std::optional(identity::LdapSearches{std::move(*one)}) : std::nullopt;
  }
  identity::LdapSearches all;
  for (const Node& item : *call->arguments) {
    auto one = search_of(item);
    if (!one) return std::nullopt;
    all.push_back(std::move(*one));
  }
  return all;
}

std::string Codec<identity::LdapSearches>::encode(const identity::LdapSearches& searches) {
  std::vector<std::string> items;
  for (const auto& search : searches)
    items.push_back(fmt::format("LDAPSearch({}, ldap.{}, {})", python_text(search.base),
                                std::ranges::find(scopes, search.scope, &ScopeName::scope)->name,
                                python_text(search.filter)));
  if (items.empty()) return "None";
  return items.size() == 1 ? items.front() : fmt::format("LDAPSearchUnion({})", fmt::join(items, ", "));
}

std::optional<identity::LdapGroupType> Codec<identity::LdapGroupType>::decode(const Node& node, const Allow&) {
  const auto call = call_of(node);
  if (!call || std::ranges::find(group_types, call->name) == group_types.end()) return std::nullopt;
  identity::LdapGroupType type{.type = std::string(call->name)};
  // The DN types begin with the attribute that holds the members; ours are the named ones' own.
  const bool by_dn = type.type.ends_with("MemberDNGroupType");
  if (const Node* name = argument(*call, by_dn ? 1 : 0, "name_attr")) {
    if (name->if_text() == nullptr) return std::nullopt;
    type.name_attribute = *name->if_text();
  }
  if (by_dn) {
    const Node* member = argument(*call, 0, "member_attr");
    if (member == nullptr || member->if_text() == nullptr) return std::nullopt;
    type.member_attribute = *member->if_text();
  }
  return type;
}

std::string Codec<identity::LdapGroupType>::encode(const identity::LdapGroupType& type) {
  const std::string member = type.member_attribute.empty() ? "" : python_text(type.member_attribute) + ", ";
  return fmt::format("{}({}name_attr={})", type.type, member, python_text(type.name_attribute));
}

std::optional<identity::LdapAttributes> Codec<identity::LdapAttributes>::decode(const Node& node, const Allow&) {
  const auto* table = node.if_table();
  if (table == nullptr || call_of(node)) return std::nullopt;
  identity::LdapAttributes attributes;
  for (const Entry& entry : *table) {
    identity::LdapAttribute attribute;
    if (const auto* name = entry.value.if_text()) {
      attribute.source = *name;
    } else {
      const auto* list = entry.value.if_list();
      if (list == nullptr || list->size() != 2 || (*list)[0].if_text() == nullptr || (*list)[1].if_boolean() == nullptr)
        return std::nullopt;
      attribute = {.source = *(*list)[0].if_text(), .editable = *(*list)[1].if_boolean()};
    }
    attributes[entry.key] = std::move(attribute);
  }
  return attributes;
}

std::string Codec<identity::LdapAttributes>::encode(const identity::LdapAttributes& attributes) {
  std::vector<std::string> items;
  for (const auto& [name, from] : attributes)
    items.push_back(fmt::format("{}: ({}, {})", python_text(name), python_text(from.source), python_of(from.editable)));
  return fmt::format("{{{}}}", fmt::join(items, ", "));
}

}  // namespace nephele::settings
