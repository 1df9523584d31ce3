// SPDX-License-Identifier: Apache-2.0
#include "runtimes/adapters/opennebula/instantiation.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/ascii.h"
#include "clouds/opennebula/template_text.h"
#include "runtimes/flavour.h"

namespace nephele::runtimes::one {
namespace {

using opennebula::Dialect;
using opennebula::Template;
using opennebula::Vector;

template <class Roles>
auto find_role(const Roles& among, Role role) -> decltype(among.data()) {
  const auto name = to_string(role);
  for (const auto& each : among)
    if (each.name == name) return &each;
  for (const auto& each : among)
    if (ascii::uppered(each.name) == name) return &each;
  return nullptr;
}

/// Whole numbers only; "1.5" and other texts say nothing.
std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || ec != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
  return number;
}

/// What a caller wrote, as a value of a template. Numbers as he wrote them.
std::optional<std::string> value_text(const json::Value& value) {
  if (value.is_null()) return std::nullopt;
  if (const bool* flag = value.if_bool(); flag != nullptr && !*flag) return std::nullopt;
  const std::string* text = value.if_string();
  return opennebula::without_references(opennebula::writable(text != nullptr ? *text : json::write(value)));
}

void add_scheduling(Template& out, const json::Value& scheduling, std::vector<std::string>& left_out) {
  if (scheduling.if_object() == nullptr) return;
  for (const auto& [name, value] : *scheduling.if_object()) {
    const std::string_view attribute = name == "REQUIREMENTS" ? "SCHED_REQUIREMENTS"
                                       : name == "POLICY"     ? "SCHED_RANK"
                                                              : std::string_view{};
    if (attribute.empty()) {
      left_out.push_back("SCHEDULING." + name);
    } else if (const auto text = value_text(value)) {
      out.set(attribute, ascii::uppered(*text));
    }
  }
}

void add_device_info(Template& out, const json::Value& info, std::vector<std::string>& left_out) {
  if (info.if_object() == nullptr) return;
  Vector members;
  for (const auto& [name, value] : *info.if_object()) {
    if (!opennebula::is_attribute_name(name)) {
      left_out.push_back("DEVICE_INFO." + name);
    } else if (auto text = value_text(value)) {
      members.set(name, std::move(*text));
    }
  }
  out.set("DEVICE_INFO", std::move(members));
}

/// As OneFlow 7 and XML may have left it: line breaks as blanks, none at its ends.
std::string in_one_line(std::string_view text) {
  std::string line(text);
  std::ranges::replace(line, '\n', ' ');
  return std::string(ascii::trimmed(line));
}

/// Is nothing in `some` that `others` say otherwise?
bool all_in(const Vector& some, const Vector& others) {
  return std::ranges::all_of(
      some, [&](const auto& member) { return in_one_line(member.second) == in_one_line(others.text(member.first)); });
}

/// OneFlow 7 puts a comma behind each line of a vector's member: one line, then.
Vector in_lines_of_one(const Vector& from) {
  Vector out;
  for (const auto& [name, value] : from) {
    std::string line = value;
    std::ranges::replace(line, '\n', ' ');
    out.set(name, std::move(line));
  }
  return out;
}

void add_all(Template& out, const Template& from, Dialect dialect) {
  for (const auto& attribute : from) {
    if (const auto* vector = attribute.vector())
      out.set(attribute.name, dialect == Dialect::v7 ? in_lines_of_one(*vector) : *vector);
    if (const auto* single = attribute.single()) out.set(attribute.name, *single);
  }
}

/// oned replaces all DISKs of the VM template by those that are sent, and so does OneFlow with arrays: the others go
/// along unchanged.
void add_disks(Template& out, const std::vector<const Vector*>& disks, std::int64_t size_mib, Dialect dialect) {
  if (dialect == Dialect::v7 && disks.size() == 1) {
    out.add("DISK", Vector{{"SIZE", std::to_string(size_mib)}});
    return;
  }
  for (std::size_t i = 0; i < disks.size(); ++i) {
    Vector disk = *disks[i];
    if (i == 0) disk.set("SIZE", std::to_string(size_mib));
    out.add("DISK", std::move(disk));
  }
}

void add_context(Template& out, const Template& from, const std::string& sr_auth, Dialect dialect) {
  if (sr_auth.empty()) return;  // its template's CONTEXT stays as it is
  const Vector* present = from.vector("CONTEXT");
  Vector context = present == nullptr || dialect == Dialect::v7 ? Vector{} : *present;
  context.set("SR_AUTH", sr_auth);
  out.add("CONTEXT", std::move(context));
}

}  // namespace

std::string objection_to_name(std::string_view name, bool renaming) {
  // oned writes the name unescaped into XML of its own; rename has a list (PoolObjectSQL::name_is_valid).
  const std::string_view forbidden = renaming ? "&|:\\\";/'#{}$<>" : "<&";
  if (const auto at = name.find_first_of(forbidden); at != std::string_view::npos)
    return "NAME holds the character " + std::string(1, name[at]) + ", which OpenNebula does not take" +
           (renaming ? " in a rename" : "");
  if (const auto why = opennebula::objection_to(name); !why.empty()) return "NAME cannot be kept: " + std::string(why);
  return {};
}

const opennebula::RoleTemplate* role_for(const opennebula::ServiceTemplate& from, Role role) {
  return find_role(from.roles, role);
}
const opennebula::Role* role_for(const opennebula::Service& from, Role role) {
  return find_role(from.roles, role);
}

FunctionSizes planned_sizes(const WantedSizes& wanted, const opennebula::VmTemplate& from,
                            const CapacitySettings& capacity) {
  const Vector* disk = from.contents.vector("DISK");
  RoleTemplate sizes;
  sizes.cpu = number_of(from.contents.text("VCPU"));
  sizes.memory_mib = number_of(from.contents.text("MEMORY"));
  sizes.disk_mib = disk == nullptr ? std::nullopt : number_of(disk->text("SIZE"));
  return resolve_sizes(wanted, sizes, capacity);
}

Template wishes_of(const json::Object& document, std::vector<std::string>& left_out) {
  Template out;
  if (const auto* scheduling = document.find("SCHEDULING")) add_scheduling(out, *scheduling, left_out);
  if (const auto* info = document.find("DEVICE_INFO")) add_device_info(out, *info, left_out);
  return out;
}

bool carries(const Template& user, const Template& wishes) {
  const Vector none;
  return std::ranges::all_of(wishes, [&](const auto& wish) {
    if (const auto* single = wish.single()) return in_one_line(*single) == in_one_line(user.text(wish.name));
    const auto* there = user.vector(wish.name);
    if (there == nullptr) there = &none;
    return all_in(*wish.vector(), *there) && all_in(*there, *wish.vector());
  });
}

Result<Template> override_of(const FunctionPlan& plan, const opennebula::VmTemplate& from,
                             const CapacitySettings& capacity, Dialect dialect) {
  const auto disks = from.contents.vectors("DISK");
  if (disks.empty()) return fail(Kind::invalid, "the VM template " + std::to_string(from.header.id) + " has no DISK");
  const auto text = [](std::int64_t number) { return std::to_string(number); };
  Template out;
  out.add("HOT_RESIZE", Vector{{"CPU_HOT_ADD_ENABLED", "YES"}, {"MEMORY_HOT_ADD_ENABLED", "YES"}});
  out.add("MEMORY_RESIZE_MODE", capacity.memory_resize_mode);
  add_disks(out, disks, plan.sizes.disk_mib, dialect);
  out.add("CPU", text(plan.sizes.cpu));
  out.add("VCPU", text(plan.sizes.cpu));
  out.add("MEMORY", text(plan.sizes.memory_mib));
  out.add("VCPU_MAX", text(plan.sizes.cpu * capacity.cpu_mult));
  out.add("MEMORY_MAX", text(plan.sizes.memory_mib * capacity.memory_mult));
  add_context(out, from.contents, plan.sr_auth, dialect);
  add_all(out, plan.wishes, dialect);
  out.add("FLAVOURS", text(plan.service_template));
  out.add(tag_attribute, plan.tag);
  return out;
}

bool is_of(const opennebula::Vm& vm, std::optional<std::int64_t> service) {
  return service && vm.user.text("SERVICE_ID") == std::to_string(*service);
}

}  // namespace nephele::runtimes::one
