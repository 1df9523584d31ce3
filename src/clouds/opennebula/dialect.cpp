// SPDX-License-Identifier: Apache-2.0
#include "clouds/opennebula/dialect.h"

#include <algorithm>

#include "clouds/opennebula/errors.h"
#include "clouds/opennebula/template_text.h"

namespace nephele::opennebula {

namespace {

const RoleOverride* override_of(const std::vector<RoleOverride>& overrides, std::string_view name) {
  const auto found = std::ranges::find(overrides, name, &RoleOverride::name);
  return found == overrides.end() ? nullptr : &*found;
}

Result<> check_names(const ServiceTemplate& service_template, const std::vector<RoleOverride>& overrides) {
  for (const auto& one : overrides)
    if (service_template.role(one.name) == nullptr)
      return fail(Kind::invalid, "service template " + std::to_string(service_template.header.id) + " has no role \"" +
                                     one.name + "\"; rename the role, or take another template");
  return {};
}

}  // namespace

Dialect dialect_of(const Version& version) noexcept {
  return version.major >= 7 ? Dialect::v7 : Dialect::v6;
}

Dialects::Dialects(Oned& oned, std::optional<Dialect> forced, std::chrono::seconds keep)
    : oned_(oned), forced_(forced), keep_(keep) {}

std::optional<Version> Dialects::kept() {
  const std::lock_guard lock(mutex_);
  if (version_ && std::chrono::steady_clock::now() < until_) return version_;
  return std::nullopt;
}

void Dialects::keep(Version version) {
  const std::lock_guard lock(mutex_);
  version_ = version;
  until_ = std::chrono::steady_clock::now() + keep_;
}

Task<Result<Version>> Dialects::version(Session session) {
  if (const auto known = kept()) co_return *known;
  CO_TRY(const auto text, co_await oned_.version(std::move(session)));
  const auto version = parse_version(text);
  if (!version) co_return fail(unreadable("oned", "one.system.version", "it tells no version"));
  keep(*version);
  co_return *version;
}

Task<Result<Dialect>> Dialects::dialect(Session session, const ServiceTemplate& service_template) {
  if (forced_) co_return *forced_;
  if (std::ranges::any_of(service_template.roles, &RoleTemplate::new_format)) co_return Dialect::v7;
  CO_TRY(const auto known, co_await version(std::move(session)));
  co_return dialect_of(known);
}

Result<json::Object> merge_template(const ServiceTemplate& service_template, const std::vector<RoleOverride>& overrides,
                                    Dialect dialect) {
  TRY_VOID(check_names(service_template, overrides));
  json::Array roles;
  for (const auto& role : service_template.roles) {
    const auto* const wanted = override_of(overrides, role.name);
    if (wanted == nullptr && dialect == Dialect::v7) continue;
    json::Object element;
    element.append("name", role.name);
    // Else there may be none: a number that the template lacks is 1 up to 6.8, and 0 from 6.10 on.
    if (wanted != nullptr && role.cardinality.value_or(0) == 0) element.append("cardinality", 1);
    if (wanted != nullptr && dialect == Dialect::v6) {
      TRY(auto text, write_text(wanted->contents));
      element.append("vm_template_contents", std::move(text));
    } else if (wanted != nullptr) {
      TRY(auto object, write_object(wanted->contents));
      element.append("template_contents", std::move(object));
    }
    roles.emplace_back(std::move(element));
  }
  json::Object out;
  out.append("roles", std::move(roles));
  return out;
}

}  // namespace nephele::opennebula
