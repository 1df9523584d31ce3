// SPDX-License-Identifier: Apache-2.0
#include "clouds/opennebula/template.h"

#include <algorithm>

#include "base/ascii.h"

namespace nephele::opennebula {

namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool same(std::string_view stored, std::string_view asked) {
  return std::ranges::equal(stored, asked, [](char a, char b) { return a == ascii::upper(b); });
}

void append_element(std::string_view name, std::string_view value, std::string& out) {
  out.append("<").append(name).append(">");
  xml::escape_to(value, out);
  out.append("</").append(name).append(">");
}

Result<json::Value> value_for_flow(const Attribute& attribute) {
  const auto checked = [](std::string_view name, const std::string& value, bool inside) -> Result<json::Value> {
    TRY_VOID(check_attribute(name, value));
    if (value.ends_with('\\'))
      return fail(Kind::invalid, "the value of " + std::string(name) +
                                     " ends with a backslash, which OpenNebula's "
                                     "grammar takes for an escaped quote; leave it out");
    if (inside && value.contains('\n'))
      return fail(Kind::invalid, "the value of " + std::string(name) +
                                     " has a line break, where OneFlow puts a comma; "
                                     "write it in one line");
    return json::Value(value);
  };
  if (const auto* const single = attribute.single()) return checked(attribute.name, *single, false);
  TRY_VOID(check_attribute(attribute.name, ""));
  json::Object members;
  for (const auto& [name, value] : *attribute.vector()) {
    TRY(auto text, checked(name, value, true));
    members.append(name, std::move(text));
  }
  return json::Value(std::move(members));
}

/// The text of a scalar; nothing for null; an error for what can be no value of a template.
Result<std::optional<std::string>> scalar(std::string_view name, const json::Value& value) {
  if (value.is_null()) return std::optional<std::string>();
  if (const auto* const text = value.if_string()) return std::optional(*text);
  if (const auto* const number = value.if_number()) return std::optional(number->text);
  if (const auto* const yes = value.if_bool()) return std::optional<std::string>(*yes ? "true" : "false");
  return fail(Kind::invalid, "the value of " + std::string(name) + " is nested too deep for a template");
}

Result<> add_value(Template& to, std::string_view name, const json::Value& value) {
  const auto* const object = value.if_object();
  if (object == nullptr) {
    TRY(auto text, scalar(name, value));
    if (text) to.add(name, *std::move(text));
    return {};
  }
  Vector vector;
  for (const auto& [member, inner] : *object) {
    TRY(auto text, scalar(member, inner));
    if (text) vector.set(member, *std::move(text));
  }
  to.add(name, std::move(vector));
  return {};
}

}  // namespace

Result<> check_attribute(std::string_view name, std::string_view value) {
  if (!is_attribute_name(name))
    return fail(
        Kind::invalid,
        "a template attribute has a name that OpenNebula cannot keep; use letters, digits and _, a letter first");
  if (const auto why = objection_to(value); !why.empty())
    return fail(Kind::invalid, "the value of " + std::string(name) + " " + std::string(why));
  return {};
}

namespace {
constexpr std::size_t usual_members = 8;
}

Vector::Vector(std::initializer_list<Member> members) {
  for (const auto& [name, value] : members) set(name, value);
}

const std::string* Vector::find(std::string_view name) const noexcept {
  const auto found = std::ranges::find_if(members_, [name](const Member& m) { return same(m.first, name); });
  return found == members_.end() ? nullptr : &found->second;
}

std::string_view Vector::text(std::string_view name) const noexcept {
  const auto* const found = find(name);
  return found == nullptr ? std::string_view() : std::string_view(*found);
}

Vector& Vector::set(std::string_view name, std::string value) {
  const auto found = std::ranges::find_if(members_, [name](const Member& m) { return same(m.first, name); });
  if (found != members_.end()) {
    found->second = std::move(value);
  } else {
    if (members_.empty()) members_.reserve(usual_members);
    members_.emplace_back(ascii::uppered(name), std::move(value));
  }
  return *this;
}

void Vector::erase(std::string_view name) {
  std::erase_if(members_, [name](const Member& m) { return same(m.first, name); });
}

Template& Template::add(std::string_view name, std::string value) {
  attributes_.push_back({ascii::uppered(name), std::move(value)});
  return *this;
}

Template& Template::add(std::string_view name, Vector value) {
  attributes_.push_back({ascii::uppered(name), std::move(value)});
  return *this;
}

Template& Template::set(std::string_view name, std::string value) {
  return put({ascii::uppered(name), std::move(value)});
}

Template& Template::set(std::string_view name, Vector value) {
  return put({ascii::uppered(name), std::move(value)});
}

Template& Template::put(Attribute attribute) {
  const auto named = [&attribute](const Attribute& other) { return other.name == attribute.name; };
  const auto first = std::ranges::find_if(attributes_, named);
  if (first == attributes_.end()) {
    attributes_.push_back(std::move(attribute));
    return *this;
  }
  attributes_.erase(std::remove_if(first + 1, attributes_.end(), named), attributes_.end());
  *first = std::move(attribute);
  return *this;
}

void Template::erase(std::string_view name) {
  std::erase_if(attributes_, [name](const Attribute& a) { return same(a.name, name); });
}

const std::string* Template::find(std::string_view name) const noexcept {
  for (const auto& attribute : attributes_)
    if (same(attribute.name, name) && attribute.single() != nullptr) return attribute.single();
  return nullptr;
}

std::string_view Template::text(std::string_view name) const noexcept {
  const auto* const found = find(name);
  return found == nullptr ? std::string_view() : std::string_view(*found);
}

const Vector* Template::vector(std::string_view name) const noexcept {
  for (const auto& attribute : attributes_)
    if (same(attribute.name, name) && attribute.vector() != nullptr) return attribute.vector();
  return nullptr;
}

std::vector<const Vector*> Template::vectors(std::string_view name) const {
  std::vector<const Vector*> out;
  for (const auto& attribute : attributes_)
    if (same(attribute.name, name) && attribute.vector() != nullptr) out.push_back(attribute.vector());
  return out;
}

bool is_attribute_name(std::string_view name) noexcept {
  return !name.empty() && is_letter(name.front()) &&
         std::ranges::all_of(name, [](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

std::string_view objection_to(std::string_view value) noexcept {
  // A carriage return is legal XML and yet lost: every reader makes a line feed of it.
  if (!xml::can_carry(value) || value.contains('\r'))
    return "is no UTF-8 or holds control characters, which OpenNebula cannot keep; leave them out";
  if (value.contains("]]>")) return "holds \"]]>\", which OpenNebula cannot keep; write it in another way";
  return {};
}

bool is_vector(const xml::Node& element) {
  return element.first() || !element.has_text();
}

Template template_of(const xml::Node& node, std::string_view without) {
  Template out;
  for (xml::Node element = node.first(); element; element = element.next()) {
    if (element.name() == without) continue;
    if (!is_vector(element)) {
      out.add(element.name(), element.text());
      continue;
    }
    Vector vector;
    for (xml::Node member = element.first(); member; member = member.next()) vector.set(member.name(), member.text());
    out.add(element.name(), std::move(vector));
  }
  return out;
}

Result<std::string> write_xml(const Template& what) {
  std::string out = "<TEMPLATE>";
  for (const auto& attribute : what) {
    if (const auto* const single = attribute.single()) {
      TRY_VOID(check_attribute(attribute.name, *single));
      append_element(attribute.name, *single, out);
      continue;
    }
    TRY_VOID(check_attribute(attribute.name, ""));
    out.append("<").append(attribute.name).append(">");
    for (const auto& [name, value] : *attribute.vector()) {
      TRY_VOID(check_attribute(name, value));
      append_element(name, value, out);
    }
    out.append("</").append(attribute.name).append(">");
  }
  return out + "</TEMPLATE>";
}

Result<json::Object> write_object(const Template& what) {
  json::Object out;
  for (const auto& attribute : what) {
    TRY(auto value, value_for_flow(attribute));
    auto* const before = out.find(attribute.name);
    if (before == nullptr) {
      out.append(attribute.name, std::move(value));
    } else if (auto* const several = before->if_array()) {
      several->push_back(std::move(value));
    } else {
      *before = json::Array{std::move(*before), std::move(value)};
    }
  }
  return out;
}

Result<Template> read_object(const json::Object& object) {
  Template out;
  for (const auto& [name, value] : object) {
    if (const auto* const several = value.if_array()) {
      for (const auto& one : *several) TRY_VOID(add_value(out, name, one));
    } else {
      TRY_VOID(add_value(out, name, value));
    }
  }
  return out;
}

}  // namespace nephele::opennebula
