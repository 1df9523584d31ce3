// SPDX-License-Identifier: Apache-2.0
#include "clouds/occi/model.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/ascii.h"

namespace nephele::occi {

bool is_template(const Category& category, std::string_view what) {
  const std::string parent = std::string(infrastructure) + std::string(what);
  if (category.type() == parent) return false;
  if (std::ranges::find(category.related, parent) != category.related.end()) return true;
  // Early services do not say what a mixin is related to.
  const std::string_view other = what == "os_tpl" ? "/template/os#" : "/template/resource#";
  return category.scheme.contains(what) || category.scheme.ends_with(other);
}

const Category* find_template(const std::vector<Category>& all, std::string_view what, std::string_view name) {
  const std::string flavor = "Flavor: " + std::string(name), image = "Image: " + std::string(name);
  const auto one_by = [&](const auto& fits) -> const Category* {
    const Category* found = nullptr;
    for (const auto& category : all) {
      if (!is_template(category, what) || !fits(category)) continue;
      if (found != nullptr && found->type() != category.type()) return nullptr;
      found = &category;
    }
    return found;
  };
  if (const auto* const found = one_by([&](const Category& c) { return c.type() == name; })) return found;
  if (const auto* const found = one_by([&](const Category& c) { return c.term == name; })) return found;
  return one_by([&](const Category& c) { return c.title == name || c.title == flavor || c.title == image; });
}

std::string Compute::attribute(std::string_view name) const {
  const auto found = attributes.find(name);
  return found == attributes.end() ? std::string() : found->second;
}

std::string Compute::name() const {
  auto host = attribute("occi.compute.hostname");
  if (!host.empty()) return host;
  return title.empty() ? attribute("occi.core.title") : title;
}

std::string Compute::state() const {
  const auto old = attribute("org.openstack.compute.state");
  return ascii::lowered(old.empty() ? attribute("occi.compute.state") : old);
}

std::optional<std::int64_t> Compute::cores() const {
  return cores_in(attribute("occi.compute.cores"));
}

std::optional<std::int64_t> cores_in(std::string_view text) {
  constexpr double most = 1'000'000;
  double out = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (failed != std::errc{} || end != text.data() + text.size() || !(out > 0) || out > most) return std::nullopt;
  return static_cast<std::int64_t>(std::ceil(out));
}

}  // namespace nephele::occi
