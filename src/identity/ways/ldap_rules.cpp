// SPDX-License-Identifier: Apache-2.0
#include "identity/ways/ldap_rules.h"

#include <algorithm>

#include "base/ascii.h"

namespace nephele::identity::ways {

namespace {

constexpr std::string_view identifier = "identifier", usual_identifier = "objectGUID";

std::string identifier_of(const LdapSettings& settings) {
  const auto found = settings.attributes.find(std::string(identifier));
  return found == settings.attributes.end() ? std::string(usual_identifier) : found->second.source;
}

std::string first(const DirectoryEntry& entry, const std::string& name) {
  const auto found = entry.attributes.find(name);
  return found == entry.attributes.end() || found->second.empty() ? "" : found->second.front();
}

std::unexpected<Error> incomplete(const std::string& attribute) {
  return fail(Error(Kind::invalid, "Invalid LDAP response. Please contact support.").with("attribute", attribute));
}

}  // namespace

std::vector<std::string> wanted_attributes(const LdapSettings& settings) {
  std::vector<std::string> wanted{identifier_of(settings)};
  for (const auto& [field, attribute] : settings.attributes)
    if (field != identifier) wanted.push_back(attribute.source);
  std::ranges::copy(settings.provider_attributes, std::back_inserter(wanted));
  std::ranges::sort(wanted);
  const auto same = std::ranges::unique(wanted);
  wanted.erase(same.begin(), same.end());
  return wanted;
}

Result<Proof> ldap_proof(const DirectoryEntry& entry, const LdapSettings& settings) {
  Proof proof{.module = "ldap",
              .identifier = first(entry, identifier_of(settings)),
              .affiliation = "LDAP",
              .groups = entry.groups};
  if (proof.identifier.empty()) return incomplete(identifier_of(settings));
  for (auto [field, into] :
       {std::pair{"email", &proof.email}, {"first_name", &proof.first_name}, {"last_name", &proof.last_name}}) {
    const auto from = settings.attributes.find(field);
    if (from == settings.attributes.end()) continue;
    *into = first(entry, from->second.source);
    if (from->second.editable) continue;
    if (into->empty()) return incomplete(from->second.source);
    proof.forced.insert(field);
  }
  for (const auto& name : settings.provider_attributes) {
    const auto values = entry.attributes.find(name);
    if (values == entry.attributes.end()) continue;
    json::Array all;
    for (const auto& value : values->second) all.emplace_back(value);
    proof.info.set(name, std::move(all));
  }
  return proof;
}

std::string guessed_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == ' ') {
      if (!out.empty() && out.back() != ' ') out += ' ';
    } else {
      out += ascii::lower(c);
    }
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

}  // namespace nephele::identity::ways
