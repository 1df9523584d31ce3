// SPDX-License-Identifier: Apache-2.0
#include "identity/pages/tables.h"

#include <charconv>

#include "base/quantity.h"
#include "http/message.h"

namespace nephele::identity::pages {

Html table_row(std::initializer_list<Html> cells) {
  Html row;
  for (const auto& cell : cells) row += element("td", {cell});
  return element("tr", {row});
}

Html table(std::initializer_list<Html> head, Html rows) {
  Html names;
  for (const auto& cell : head) names += element("th", {{"scope", "col"}}, {cell});
  return element("div", {{"class", "wide"}},
                 {element("table", {element("thead", {element("tr", {names})}), element("tbody", {std::move(rows)})})});
}

std::string project_address(const std::string& project) {
  return "/ui/projects/" + http::percent_encode(project);
}

std::string_view last_segment(std::string_view path) {
  if (path.ends_with('/')) path.remove_suffix(1);
  return path.substr(path.rfind('/') + 1);
}

std::int64_t number_in(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
  return wrong == std::errc{} && end == text.data() + text.size() ? number : 0;
}

std::string amount_text(quota::Amount amount, const quota::Resource& resource) {
  return resource.unit == "bytes" ? show_bytes(amount, UnitStyle::automatic) : show_count(amount, UnitStyle::automatic);
}

std::string title_of(const quota::Resource& resource) {
  return resource.description.empty() ? resource.name : resource.description;
}

}  // namespace nephele::identity::pages
