// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "clouds/opennebula/decode.h"

namespace nephele::opennebula {

namespace {

// A document of OneFlow: pool, document, template, body, roles, role, nodes, node, vm_info, VM and what people add.
constexpr json::Limits limits{.depth = 64};

std::optional<std::int64_t> number_of(const json::Value* value) {
  if (value == nullptr) return std::nullopt;
  if (const auto number = value->integer()) return number;
  const auto* const text = value->if_string();
  if (text == nullptr) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
  return number;
}

std::string text_of(const json::Value* value) {
  if (value == nullptr) return {};
  if (const auto* const text = value->if_string()) return *text;
  if (const auto* const number = value->if_number()) return number->text;
  return {};
}

const json::Array& items_of(const json::Object& object, std::string_view name) {
  static const json::Array none;
  const auto* const value = object.find(name);
  const auto* const items = value == nullptr ? nullptr : value->if_array();
  return items == nullptr ? none : *items;
}

std::unexpected<Error> not_one(std::string_view what) {
  return fail(Kind::invalid, "the answer is no " + std::string(what));
}

/// The new VM's id stands in deploy_id; vm_info is null when OneFlow could not read the VM.
std::optional<std::int64_t> vm_of(const json::Value& node) {
  const auto* const object = node.if_object();
  if (object == nullptr) return std::nullopt;
  if (const auto id = number_of(object->find("deploy_id"))) return id;
  return number_of(node.at_path({"vm_info", "VM", "ID"}));
}

Role role_of(const json::Object& object) {
  Role out{.name = text_of(object.find("name")),
           .state = static_cast<int>(number_of(object.find("state")).value_or(0)),
           .cardinality = number_of(object.find("cardinality")).value_or(0)};
  for (const auto& node : items_of(object, "nodes"))
    if (const auto vm = vm_of(node)) out.vms.push_back(*vm);
  return out;
}

RoleTemplate role_template_of(const json::Object& object) {
  RoleTemplate out{.name = text_of(object.find("name")),
                   .vm_template = number_of(object.find("template_id")),
                   .new_format = number_of(object.find("template_id")).has_value(),
                   .cardinality = number_of(object.find("cardinality"))};
  if (!out.vm_template) out.vm_template = number_of(object.find("vm_template"));
  return out;
}

LogLine log_line_of(const json::Object& object) {
  return {.timestamp = number_of(object.find("timestamp")).value_or(0),
          .severity = text_of(object.find("severity")),
          .message = text_of(object.find("message"))};
}

Service service_in(Header header, const json::Object& body) {
  Service out{.header = std::move(header), .state = service_state(number_of(body.find("state")).value_or(-1))};
  for (const auto& line : items_of(body, "log"))
    if (const auto* const object = line.if_object()) out.log.push_back(log_line_of(*object));
  for (const auto& role : items_of(body, "roles"))
    if (const auto* const object = role.if_object()) out.roles.push_back(role_of(*object));
  return out;
}

ServiceTemplate template_in(Header header, const json::Object& body) {
  ServiceTemplate out{.header = std::move(header)};
  for (const auto& role : items_of(body, "roles"))
    if (const auto* const object = role.if_object()) out.roles.push_back(role_template_of(*object));
  return out;
}

/// The body's JSON inside a document of oned.
template <class Object>
Result<Object> in_document(const Document& document, DocumentType type, std::string_view what,
                           Object (*read)(Header, const json::Object&)) {
  if (document.type != static_cast<std::int64_t>(type)) return not_one(what);
  const auto body = json::parse(document.body, limits);
  if (!body || body->if_object() == nullptr) return not_one(what);
  return read(document.header, *body->if_object());
}

template <class Object>
Result<Object> in_answer(const json::Value* document, std::string_view what,
                         Object (*read)(Header, const json::Object&)) {
  const auto* const object = document == nullptr ? nullptr : document->if_object();
  if (object == nullptr) return not_one(what);
  Header header{.id = number_of(object->find("ID")).value_or(-1),
                .uid = number_of(object->find("UID")).value_or(-1),
                .gid = number_of(object->find("GID")).value_or(-1),
                .uname = text_of(object->find("UNAME")),
                .gname = text_of(object->find("GNAME")),
                .name = text_of(object->find("NAME"))};
  if (header.id < 0) return not_one(what);
  const auto* const body = document->at_path({"TEMPLATE", "BODY"});
  if (body == nullptr || body->if_object() == nullptr) return not_one(what);
  return read(std::move(header), *body->if_object());
}

template <class Object>
Result<std::vector<Object>> in_pool(std::string_view text, std::string_view what,
                                    Object (*read)(Header, const json::Object&)) {
  TRY(const auto tree, json::parse(text, limits));
  const auto* const pool = tree.at_path({"DOCUMENT_POOL"});
  if (pool == nullptr || pool->if_object() == nullptr) return not_one(std::string("pool of ") + std::string(what));
  std::vector<Object> out;
  // One whose body is broken does not hide the others; they may belong to somebody else altogether.
  for (const auto& document : items_of(*pool->if_object(), "DOCUMENT"))
    if (auto one = in_answer(&document, what, read)) out.push_back(*std::move(one));
  return out;
}

constexpr std::string_view service_name = "service of OneFlow";
constexpr std::string_view template_name = "service template of OneFlow";

}  // namespace

Result<Service> service_of(const Document& document) {
  return in_document(document, DocumentType::service, service_name, service_in);
}

Result<ServiceTemplate> service_template_of(const Document& document) {
  return in_document(document, DocumentType::service_template, template_name, template_in);
}

Result<Service> decode_service(std::string_view text) {
  TRY(const auto tree, json::parse(text, limits));
  return in_answer(tree.at_path({"DOCUMENT"}), service_name, service_in);
}

Result<ServiceTemplate> decode_service_template(std::string_view text) {
  TRY(const auto tree, json::parse(text, limits));
  return in_answer(tree.at_path({"DOCUMENT"}), template_name, template_in);
}

Result<std::vector<ServiceTemplate>> decode_service_template_pool(std::string_view text) {
  return in_pool(text, template_name, template_in);
}

Result<std::vector<Service>> decode_service_pool(std::string_view text) {
  return in_pool(text, service_name, service_in);
}

}  // namespace nephele::opennebula
