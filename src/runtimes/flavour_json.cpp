// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "base/secret.h"
#include "runtimes/flavour.h"

namespace nephele::runtimes {
namespace {

json::Object variables_json(const Variables& variables) {
  json::Object out;
  for (const auto& [name, value] : variables) out.append(name, value);
  return out;
}

json::Object role_json(const RoleTemplate& role) {
  json::Object out;
  out.append("image", role.image);
  if (role.cpu) out.append("cpu", *role.cpu);
  if (role.memory_mib) out.append("memory", *role.memory_mib);
  if (role.disk_mib) out.append("disk", *role.disk_mib);
  json::Array ports;
  for (const auto port : role.ports) ports.emplace_back(static_cast<int>(port));
  out.append("ports", std::move(ports));
  if (!role.environment.empty()) out.append("environment", variables_json(role.environment));
  if (!role.context.empty()) out.append("context", variables_json(role.context));
  if (!role.function.empty()) out.append("function", to_base64(role.function));
  return out;
}

std::unexpected<Error> wrong(std::string_view member, std::string_view wanted) {
  return fail(Kind::invalid, std::string(member) + " is not " + std::string(wanted));
}

Result<Variables> variables_from(std::string_view member, const json::Value& value) {
  const json::Object* object = value.if_object();
  if (object == nullptr) return wrong(member, "an object of names and texts");
  Variables out;
  for (const auto& [name, text] : *object) {
    if (text.if_string() == nullptr) return wrong(std::string(member) + "." + name, "a text");
    out.emplace_back(name, *text.if_string());
  }
  return out;
}

Result<std::vector<std::uint16_t>> ports_from(const json::Value& value) {
  const json::Array* array = value.if_array();
  if (array == nullptr) return wrong("ports", "a list of numbers");
  std::vector<std::uint16_t> out;
  for (const auto& item : *array) {
    const auto number = item.integer();
    if (!number || *number < 1 || *number > 65535) return wrong("ports", "a list of numbers from 1 to 65535");
    out.push_back(static_cast<std::uint16_t>(*number));
  }
  return out;
}

Result<> read_member(RoleTemplate& role, std::string_view name, const json::Value& value) {
  const auto size = [&](std::optional<std::int64_t>& into) -> Result<> {
    into = value.integer();
    if (!into) return wrong(name, "a whole number");
    return {};
  };
  const auto text = [&](std::string& into) -> Result<> {
    if (value.if_string() == nullptr) return wrong(name, "a text");
    into = *value.if_string();
    return {};
  };
  if (name == "image") return text(role.image);
  if (name == "cpu") return size(role.cpu);
  if (name == "memory") return size(role.memory_mib);
  if (name == "disk") return size(role.disk_mib);
  if (name == "ports") {
    TRY(role.ports, ports_from(value));
    return {};
  }
  if (name == "environment") {
    TRY(role.environment, variables_from(name, value));
    return {};
  }
  if (name == "context") {
    TRY(role.context, variables_from(name, value));
    return {};
  }
  if (name == "function") {
    TRY_VOID(text(role.function));
    role.function = from_base64_lenient(role.function);
    return {};
  }
  return fail(Kind::invalid, "\"" + std::string(name) +
                                 "\" is no member of a flavour; there are image, cpu, memory, disk, ports, "
                                 "environment, context, function and daas");
}

}  // namespace

json::Value to_json(const Flavour& flavour) {
  json::Object out = role_json(flavour.faas);
  if (flavour.daas) out.append("daas", role_json(*flavour.daas));
  return out;
}

Result<Flavour> flavour_from_json(std::string name, const json::Value& value) {
  const json::Object* object = value.if_object();
  if (object == nullptr) return wrong("a flavour", "an object");
  Flavour flavour;
  flavour.name = std::move(name);
  for (const auto& [member, content] : *object) {
    if (member != "daas") {
      TRY_VOID(read_member(flavour.faas, member, content));
      continue;
    }
    const json::Object* daas = content.if_object();
    if (daas == nullptr) return wrong("daas", "an object");
    flavour.daas.emplace();
    for (const auto& [below, inner] : *daas) TRY_VOID(read_member(*flavour.daas, below, inner));
  }
  TRY_VOID(check_flavour(flavour));
  return flavour;
}

}  // namespace nephele::runtimes
