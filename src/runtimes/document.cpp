// SPDX-License-Identifier: Apache-2.0
#include "runtimes/document.h"

#include <algorithm>
#include <array>
#include <utility>

namespace nephele::runtimes {
namespace {

constexpr std::array<std::string_view, 3> engine_members{"NAME", "ID", "SERVICE_ID"};
constexpr std::array<std::string_view, 4> engine_function_members{"VM_ID", "STATE", "ERROR", "ENDPOINT"};
constexpr std::array<std::string_view, 2> wishes{"SCHEDULING", "DEVICE_INFO"};
constexpr std::string_view root_member = "SERVERLESS_RUNTIME";

const json::Object* function_object(const json::Object& document, Role role) {
  const json::Value* found = document.find(to_string(role));
  return found == nullptr ? nullptr : found->if_object();
}

json::Value merged(const json::Value& from, const Function& function) {
  json::Object out = from.if_object() == nullptr ? json::Object{} : *from.if_object();
  if (function.vm_id >= 0)
    out.set("VM_ID", function.vm_id);
  else
    out.erase("VM_ID");
  out.set("STATE", to_string(function.state));
  if (function.state == FunctionState::error) out.set("ERROR", function.error);
  out.set("CPU", function.sizes.cpu);
  out.set("MEMORY", function.sizes.memory_mib);
  out.set("DISK_SIZE", function.sizes.disk_mib);
  out.set("ENDPOINT", function.endpoint);
  return out;
}

void member_to(std::string& out, std::string_view name, const json::Value& value) {
  json::quote_to(name, out);
  out += ':';
  json::write_to(value, out);
}

void members_to(std::string& out, const json::Object& document, std::optional<std::int64_t> service_id,
                std::span<const Function> functions) {
  std::string_view between;
  for (const auto& [member, value] : document) {
    out += between;
    between = ",";
    const auto function =
        std::ranges::find_if(functions, [&](const Function& f) { return to_string(f.role) == member; });
    member_to(out, member, function == functions.end() ? value : merged(value, *function));
  }
  if (!service_id) return;
  out += between;
  member_to(out, "SERVICE_ID", *service_id);
}

}  // namespace

Specification read_specification(json::Value body) {
  Specification out;
  json::Value* runtime = body.if_object() == nullptr ? nullptr : body.if_object()->find(root_member);
  if (runtime == nullptr || runtime->if_object() == nullptr) return out;
  out.document = std::move(*runtime->if_object());
  if (const json::Value* name = out.document.find("NAME"); name != nullptr && name->if_string() != nullptr)
    out.name = *name->if_string();
  for (const auto member : engine_members) out.document.erase(member);
  for (const Role role : roles) {
    json::Value* function = out.document.find(to_string(role));
    if (function == nullptr || function->if_object() == nullptr) continue;
    for (const auto member : engine_function_members) function->if_object()->erase(member);
  }
  return out;
}

std::string flavour_of(const json::Object& document, Role role) {
  const json::Object* function = function_object(document, role);
  const json::Value* flavour = function == nullptr ? nullptr : function->find("FLAVOUR");
  return flavour == nullptr || flavour->if_string() == nullptr ? std::string{} : *flavour->if_string();
}

bool has_function(const json::Object& document, Role role) {
  return !flavour_of(document, role).empty();
}

WantedSizes wanted_sizes(const json::Object& document, Role role) {
  const json::Object* function = function_object(document, role);
  if (function == nullptr) return {};
  const auto number = [&](std::string_view name) -> std::optional<std::int64_t> {
    const json::Value* found = function->find(name);
    return found == nullptr ? std::nullopt : found->integer();
  };
  return {.cpu = number("CPU"), .memory_mib = number("MEMORY"), .disk_mib = number("DISK_SIZE")};
}

bool take_wishes(json::Object& document, const json::Object& from) {
  bool changed = false;
  for (const auto name : wishes) {
    const json::Value* wanted = from.find(name);
    if (wanted == nullptr) continue;
    const json::Value* present = document.find(name);
    if (present != nullptr && *present == *wanted) continue;
    document.set(std::string(name), *wanted);
    changed = true;
  }
  return changed;
}

std::string render_members(const json::Object& document, std::optional<std::int64_t> service_id,
                           std::span<const Function> functions) {
  std::string out = "{";
  members_to(out, document, service_id, functions);
  out += '}';
  return out;
}

std::string render(RuntimeId id, std::optional<std::int64_t> service_id, const std::string& name,
                   const json::Object& document, std::span<const Function> functions) {
  std::string out = "{";
  member_to(out, "NAME", name);
  out += ',';
  member_to(out, "ID", id.number());
  if (!document.empty() || service_id) out += ',';
  members_to(out, document, service_id, functions);
  out += '}';
  return out;
}

std::string wrapped(std::string_view rendered) {
  std::string out;
  out.reserve(rendered.size() + root_member.size() + 5);
  out += "{\"";
  out += root_member;
  out += "\":";
  out += rendered;
  out += '}';
  return out;
}

}  // namespace nephele::runtimes
