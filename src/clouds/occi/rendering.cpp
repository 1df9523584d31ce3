// SPDX-License-Identifier: Apache-2.0
#include "clouds/occi/rendering.h"

#include <span>
#include <utility>

#include "base/ascii.h"
#include "base/json.h"
#include "clouds/occi/fields.h"
#include "clouds/occi/json_rendering.h"
#include "clouds/occi/location.h"

namespace nephele::occi {

namespace {

bool is_json(const rest::Answer& answer) {
  return is_type(answer, "application/occi+json") || is_type(answer, "application/json");
}

Result<Category> category_of(std::string_view value) {
  const auto parts = split(value, ';');
  Category out{.term = parts.front()};
  for (const auto& part : std::span(parts).subspan(1)) {
    if (part.empty()) continue;
    const auto given = assignment(part);
    if (!given) return fail(Kind::invalid, "a category has a parameter without a value");
    const auto& [name, text] = *given;
    if (name == "scheme") out.scheme = text;
    if (name == "class") out.class_name = text;
    if (name == "title") out.title = text;
    if (name == "location") out.location = text;
    if (name == "rel") out.related = words_of(text);
  }
  if (out.term.empty() || out.scheme.empty()) return fail(Kind::invalid, "a category has no term or no scheme");
  return out;
}

Result<Compute> compute_of(const Fields& fields) {
  Compute out;
  for (const auto& [name, value] : fields) {
    if (name == "Category") {
      TRY(const auto category, category_of(value));
      if (category.class_name == "mixin") out.mixins.push_back(category.type());
    } else if (name == "X-OCCI-Attribute") {
      auto given = assignment(value);
      if (!given) return fail(Kind::invalid, "an attribute has no value");
      out.attributes.insert_or_assign(std::move(given->first), std::move(given->second));
    } else if (name == "Link" && out.address.empty()) {
      for (const auto& part : split(value, ';'))
        if (auto given = assignment(part); given && given->first == "occi.networkinterface.address")
          out.address = std::move(given->second);
    }
  }
  out.id = out.attribute("occi.core.id");
  out.title = out.attribute("occi.core.title");
  out.told_whole = !out.state().empty() && !out.name().empty();
  return out;
}

}  // namespace

Result<std::vector<Category>> decode_categories(const rest::Answer& answer) {
  std::vector<Category> out;
  if (is_json(answer)) {
    TRY(const auto tree, json::parse(answer.body));
    TRY(out, categories_in(tree));
  } else {
    TRY(const auto fields, fields_of(answer));
    for (const auto& [name, value] : fields) {
      if (name != "Category") continue;
      TRY(auto one, category_of(value));
      out.push_back(std::move(one));
    }
  }
  if (out.empty()) return fail(Kind::invalid, "it names no categories");
  return out;
}

Result<std::vector<Compute>> decode_collection(const rest::Answer& answer) {
  if (answer.status == 204) return std::vector<Compute>{};
  if (is_json(answer)) {
    TRY(const auto tree, json::parse(answer.body));
    return collection_in(tree);
  }
  TRY(const auto fields, fields_of(answer));
  std::vector<Compute> out;
  for (const auto& [name, value] : fields) {
    if (name != "X-OCCI-Location") continue;
    TRY(auto id, id_of_url(value));
    out.push_back({.id = std::move(id)});
  }
  return out;
}

Result<Compute> decode_compute(const rest::Answer& answer) {
  if (is_json(answer)) {
    TRY(const auto tree, json::parse(answer.body));
    return compute_in(tree);
  }
  TRY(const auto fields, fields_of(answer));
  return compute_of(fields);
}

Result<std::string> decode_created(const rest::Answer& answer) {
  if (const auto place = answer.headers.find("Location")) return id_of_url(*place);
  if (is_json(answer)) {
    TRY(const auto tree, json::parse(answer.body));
    TRY(const auto all, collection_in(tree));
    if (all.size() == 1) return all.front().id;
    return fail(Kind::invalid, "it does not name one machine");
  }
  // Plain URLs are taken as well: such services say text/plain or text/html.
  if (is_location(ascii::trimmed(answer.body, ascii::spaces)))
    return id_of_location(ascii::trimmed(answer.body, ascii::spaces));
  TRY(const auto fields, fields_of(answer));
  for (const auto& [name, value] : fields)
    if (name == "X-OCCI-Location") return id_of_url(value);
  return fail(Kind::invalid, "it names no machine");
}

}  // namespace nephele::occi
