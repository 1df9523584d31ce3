// SPDX-License-Identifier: Apache-2.0
#include "identity/pages/components.h"

#include <algorithm>
#include <charconv>

#include "identity/astakos/component_store.h"

namespace nephele::identity::pages {

namespace {

std::string text_of(const json::Object& facts, std::string_view name) {
  const auto* value = facts.find(name);
  return value == nullptr || value->if_string() == nullptr ? std::string() : *value->if_string();
}

std::int64_t order_of(const json::Object& facts, std::int64_t otherwise) {
  const auto* value = facts.find("order");
  if (value == nullptr || value->if_number() == nullptr) return otherwise;
  const std::string& text = value->if_number()->text;
  std::int64_t order = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), order);
  return order;
}

}  // namespace

std::vector<ShownComponent> shown_components(sql::Tx& tx, const WebSettings& settings) {
  std::vector<std::pair<std::pair<std::int64_t, std::int64_t>, ShownComponent>> found;
  for (const auto& component : astakos::store::all(tx)) {
    const bool web = component.ui_url.starts_with("https://") || component.ui_url.starts_with("http://");
    if (!web) continue;
    json::Object facts;
    if (const auto* meta = settings.components_meta.entries.entry(component.name))
      if (auto given = meta->value.to_json(); given.if_object() != nullptr) facts = *given.if_object();
    std::string title = text_of(facts, "verbose_name");
    if (title.empty()) title = component.name;
    facts.set("name", title);
    facts.set("url", component.ui_url);
    const std::pair place{order_of(facts, 1'000'000), component.number};
    std::string description = text_of(facts, "description");
    found.emplace_back(place, ShownComponent{.title = std::move(title),
                                             .url = component.ui_url,
                                             .description = std::move(description),
                                             .facts = std::move(facts)});
  }
  std::ranges::sort(found, {}, [](const auto& each) { return each.first; });
  std::vector<ShownComponent> out;
  for (auto& [place, component] : found) out.push_back(std::move(component));
  return out;
}

}  // namespace nephele::identity::pages
