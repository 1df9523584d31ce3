// SPDX-License-Identifier: Apache-2.0
#include "clouds/occi/json_rendering.h"

#include <optional>
#include <string>
#include <utility>

#include "base/ascii.h"
#include "clouds/occi/location.h"

namespace nephele::occi {

namespace {

std::optional<std::string> scalar(const json::Value& value) {
  if (const auto* const text = value.if_string()) return *text;
  if (const auto* const number = value.if_number()) return number->text;
  if (const auto* const flag = value.if_bool()) return *flag ? "true" : "false";
  return std::nullopt;
}

/// {"occi.compute.cores": 2}, and {"occi": {"compute": {"cores": 2}}} of early drafts.
void flatten(const json::Object& object, const std::string& prefix, Attributes& into, int depth = 0) {
  constexpr int deepest = 8;
  if (depth > deepest) return;
  for (const auto& [name, value] : object) {
    const std::string whole = prefix.empty() ? name : prefix + "." + name;
    if (auto text = scalar(value))
      into.insert_or_assign(whole, std::move(*text));
    else if (const auto* const inner = value.if_object())
      flatten(*inner, whole, into, depth + 1);
  }
}

/// All of the member, flat; none where it is no object.
Attributes attributes_in(const json::Value& value, std::string_view member) {
  Attributes out;
  const auto* const found = value.at_path({member});
  if (const auto* const object = found == nullptr ? nullptr : found->if_object()) flatten(*object, "", out);
  return out;
}

/// The defaults of {"occi.compute.cores": {"type": "number", "default": 2}}.
Attributes defaults_in(const Attributes& definitions) {
  Attributes out;
  for (const auto& [name, value] : definitions) {
    const auto dot = name.rfind('.');
    if (dot != std::string::npos && ascii::lowered(name.substr(dot + 1)) == "default")
      out.emplace(name.substr(0, dot), value);
  }
  return out;
}

const json::Array* array_in(const json::Value& value, std::string_view member) {
  const auto* const found = value.at_path({member});
  return found == nullptr ? nullptr : found->if_array();
}

void add_texts(const json::Value& value, std::string_view member, std::vector<std::string>& into) {
  if (const auto text = value.text_at({member}); !text.empty()) into.emplace_back(text);
  if (const auto* const list = array_in(value, member))
    for (const auto& each : *list)
      if (const auto* const text = each.if_string()) into.push_back(*text);
}

Result<Category> category_of(const json::Value& value, std::string_view class_name) {
  Category out{.term = std::string(value.text_at({"term"})),
               .scheme = std::string(value.text_at({"scheme"})),
               .class_name = std::string(class_name),
               .title = std::string(value.text_at({"title"})),
               .location = std::string(value.text_at({"location"}))};
  if (out.term.empty() || out.scheme.empty())
    return fail(Kind::invalid, "one of its " + std::string(class_name) + "s has no term or no scheme");
  for (const auto* const member : {"depends", "related", "parent"}) add_texts(value, member, out.related);
  out.defaults = defaults_in(attributes_in(value, "attributes"));
  return out;
}

/// Of the first link with one.
std::string address_in(const json::Value& machine) {
  if (const auto* const links = array_in(machine, "links"))
    for (const auto& link : *links) {
      auto attributes = attributes_in(link, "attributes");
      if (const auto found = attributes.find("occi.networkinterface.address"); found != attributes.end())
        return std::move(found->second);
    }
  return {};
}

Result<Compute> compute_of(const json::Value& value) {
  Compute out{.title = std::string(value.text_at({"title"})),
              .attributes = attributes_in(value, "attributes"),
              .address = address_in(value)};
  add_texts(value, "mixins", out.mixins);
  const std::string place(value.text_at({"location"})), told(value.text_at({"id"}));
  TRY(out.id, id_of_location(!place.empty() ? place : !told.empty() ? told : out.attribute("occi.core.id")));
  out.told_whole = !out.state().empty() && !out.name().empty();
  return out;
}

const json::Array* resources_of(const json::Value& tree) {
  return tree.if_array() != nullptr ? tree.if_array() : array_in(tree, "resources");
}

}  // namespace

Result<std::vector<Category>> categories_in(const json::Value& tree) {
  std::vector<Category> out;
  for (const std::string name : {"kind", "mixin", "action"}) {
    const auto* const list = array_in(tree, name + "s");
    if (list == nullptr) continue;
    for (const auto& value : *list) {
      TRY(auto one, category_of(value, name));
      out.push_back(std::move(one));
    }
  }
  return out;
}

Result<std::vector<Compute>> collection_in(const json::Value& tree) {
  std::vector<Compute> out;
  const auto* const list = resources_of(tree);
  if (list == nullptr) {
    // An empty collection has no "resources"; what has something else is none.
    const auto* const object = tree.if_object();
    if (object == nullptr || !object->empty()) return fail(Kind::invalid, "it is no collection");
    return out;
  }
  for (const auto& value : *list) {
    if (const auto* const url = value.if_string()) {
      TRY(auto id, id_of_url(*url));
      out.push_back({.id = std::move(id)});
    } else if (value.if_object() != nullptr) {
      TRY(auto one, compute_of(value));
      out.push_back(std::move(one));
    } else {
      return fail(Kind::invalid, "one of its resources is neither an object nor a URL");
    }
  }
  return out;
}

Result<Compute> compute_in(const json::Value& tree) {
  const auto* const list = resources_of(tree);
  const auto& one = list != nullptr && list->size() == 1 ? list->front() : tree;
  if (one.if_object() == nullptr) return fail(Kind::invalid, "it is no machine");
  return compute_of(one);
}

}  // namespace nephele::occi
