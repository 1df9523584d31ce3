// SPDX-License-Identifier: Apache-2.0
#include "identity/astakos/access_xml.h"

#include <string_view>
#include <vector>

#include "identity/astakos/conventions.h"

namespace nephele::identity::astakos {

namespace {

/// As text, and what would end an attribute or become a space in it.
std::string attribute_text(std::string_view text) {
  std::string out;
  for (const char c : xml_text(text)) {
    if (c == '"')
      out += "&quot;";
    else if (c == '\n')
      out += "&#10;";
    else if (c == '\t')
      out += "&#9;";
    else
      out += c;
  }
  return out;
}

const json::Object* object_in(const json::Object& in, std::string_view name) {
  const auto* value = in.find(name);
  return value == nullptr ? nullptr : value->if_object();
}

std::vector<const json::Object*> objects_in(const json::Object& in, std::string_view name) {
  std::vector<const json::Object*> out;
  const auto* value = in.find(name);
  if (const auto* all = value == nullptr ? nullptr : value->if_array())
    for (const auto& each : *all)
      if (const auto* object = each.if_object()) out.push_back(object);
  return out;
}

/// `<name a="..." b="..."` of those members that are texts.
std::string opened(std::string_view name, const json::Object& object) {
  std::string out = "<" + std::string(name);
  for (const auto& [key, value] : object)
    if (const auto* text = value.if_string()) out += " " + key + "=\"" + attribute_text(*text) + "\"";
  return out;
}

}  // namespace

std::string access_xml(const json::Object& answer) {
  std::string out =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<access xmlns=\"http://docs.openstack.org/identity/api/v2.0\""
      " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:SNF=\"https://www.synnefo.org/\">";
  const auto* access = object_in(answer, "access");
  if (access == nullptr) return out + "</access>";
  if (const auto* token = object_in(*access, "token")) {
    out += opened("token", *token) + ">";
    if (const auto* tenant = object_in(*token, "tenant")) out += opened("tenant", *tenant) + "/>";
    out += "</token>";
  }
  if (const auto* user = object_in(*access, "user")) {
    out += opened("user", *user) + "><roles>";
    for (const auto* role : objects_in(*user, "roles")) out += opened("role", *role) + "/>";
    out += "</roles></user>";
  }
  out += "<serviceCatalog>";
  for (const auto* service : objects_in(*access, "serviceCatalog")) {
    out += opened("service", *service) + ">";
    for (const auto* endpoint : objects_in(*service, "endpoints")) out += opened("endpoint", *endpoint) + "/>";
    out += "</service>";
  }
  return out + "</serviceCatalog></access>";
}

}  // namespace nephele::identity::astakos
