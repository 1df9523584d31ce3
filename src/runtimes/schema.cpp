// SPDX-License-Identifier: Apache-2.0
#include "runtimes/schema.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "runtimes/model.h"

namespace nephele::runtimes {
namespace {

enum class SchemaType : std::uint8_t { object, string, integer, number };

struct Property;

/// One node of the schema. Zero means "no such rule" for the numbers: every minimum here is 1.
struct Node {
  SchemaType type;
  std::string_view description;
  std::span<const Property> properties = {};
  std::span<const std::string_view> required = {};
  std::span<const std::string_view> values = {};
  std::int64_t minimum = 0;
  std::int64_t maximum = 0;
  std::size_t bytes_max = 0;
  bool plain_text = false;  ///< no NUL: it becomes a key of the database and a value of the guest's context
  bool read_only = false;
};

struct Property {
  std::string_view name;
  Node node;
};

constexpr Node text(std::string_view description) {
  return {.type = SchemaType::string, .description = description};
}
constexpr Node shown_text(std::string_view description) {
  return {.type = SchemaType::string, .description = description, .read_only = true};
}
constexpr Node shown_integer(std::string_view description) {
  return {.type = SchemaType::integer, .description = description, .read_only = true};
}
constexpr Node size(std::string_view description) {
  return {.type = SchemaType::integer, .description = description, .minimum = 1, .maximum = number_max};
}

constexpr std::array<std::string_view, 4> state_values{"PENDING", "RUNNING", "UPDATING", "ERROR"};

constexpr std::array function_properties{
    Property{"FLAVOUR",
             {.type = SchemaType::string,
              .description = "kind of function; chooses image, ports and default sizes; fixed at creation",
              .plain_text = true}},
    Property{"CPU", size("virtual CPUs; the flavour's when left out")},
    Property{"MEMORY", size("memory in MiB; the flavour's when left out")},
    Property{"DISK_SIZE", size("disk in MiB, may only grow; the flavour's when left out")},
    Property{"VM_ID", shown_integer("id of the virtual machine behind the function")},
    Property{"STATE",
             {.type = SchemaType::string,
              .description = "where the function is in its life",
              .values = state_values,
              .read_only = true}},
    Property{"ERROR", shown_text("why the function is in STATE ERROR")},
    Property{"ENDPOINT", shown_text("bare address of the function, without scheme and port; may be empty")},
};
constexpr std::array<std::string_view, 1> function_required{"FLAVOUR"};

constexpr Node function(std::string_view description) {
  return {.type = SchemaType::object,
          .description = description,
          .properties = function_properties,
          .required = function_required};
}

constexpr std::array scheduling_properties{
    Property{"POLICY", text("what the placement should favour, such as energy")},
    Property{"REQUIREMENTS", text("what a host must offer, such as FREECPU > 10")},
};
constexpr std::array device_properties{
    Property{"LATENCY_TO_PE",
             {.type = SchemaType::number, .description = "seconds between the device and this engine"}},
    Property{"GEOGRAPHIC_LOCATION", text("where the device is; WGS84 is a good choice")},
};

constexpr std::array runtime_properties{
    Property{"NAME",
             {.type = SchemaType::string,
              .description = "name of the runtime; made from the flavour when left out",
              .bytes_max = name_bytes_max,
              .plain_text = true}},
    Property{"ID", shown_integer("id of the runtime")},
    Property{"SERVICE_ID", shown_integer("id of the service that groups its machines")},
    Property{"FAAS", function("the function")},
    Property{"DAAS", function("the data service beside the function")},
    Property{
        "SCHEDULING",
        {.type = SchemaType::object, .description = "wishes for the placement", .properties = scheduling_properties}},
    Property{"DEVICE_INFO",
             {.type = SchemaType::object, .description = "about the calling device", .properties = device_properties}},
};
constexpr std::array<std::string_view, 1> runtime_required{"FAAS"};

constexpr std::array root_properties{
    Property{"SERVERLESS_RUNTIME",
             {.type = SchemaType::object,
              .description = "a function and, if asked for, its data service",
              .properties = runtime_properties,
              .required = runtime_required}},
};
constexpr std::array<std::string_view, 1> root_required{"SERVERLESS_RUNTIME"};
constexpr Node root{.type = SchemaType::object,
                    .description = "a serverless runtime",
                    .properties = root_properties,
                    .required = root_required};

std::string_view name_of(SchemaType type) {
  constexpr std::array<std::string_view, 4> names{"object", "string", "integer", "number"};
  return names.at(std::to_underlying(type));
}

bool written_as_integer(const json::Number& number) {
  return number.text.find_first_of(".eE") == std::string::npos;
}

/// The type of a value as the contract prints it.
std::string_view type_of(const json::Value& value) {
  switch (value.type()) {
    case json::Type::null:
      return "null";
    case json::Type::boolean:
      return "boolean";
    case json::Type::number:
      return written_as_integer(*value.if_number()) ? "integer" : "number";
    case json::Type::string:
      return "string";
    case json::Type::array:
      return "array";
    case json::Type::object:
      return "object";
  }
  return "null";
}

bool matches(const json::Value& value, SchemaType wanted) {
  switch (wanted) {
    case SchemaType::object:
      return value.if_object() != nullptr;
    case SchemaType::string:
      return value.if_string() != nullptr;
    case SchemaType::integer:
      return value.if_number() != nullptr && written_as_integer(*value.if_number());
    case SchemaType::number:
      return value.if_number() != nullptr;
  }
  return false;
}

std::string property_at(std::string_view path) {
  std::string out = "The property '#/";
  out += path;
  out += '\'';
  return out;
}

std::string listed(std::span<const std::string_view> values) {
  std::string out;
  for (const auto value : values) {
    if (!out.empty()) out += ", ";
    out += value;
  }
  return out;
}

/// Digits that do not even fit 64 bits are out of range on the side of their sign.
std::optional<std::string> range_violation(const json::Value& value, const Node& node) {
  if (node.minimum == 0 && node.maximum == 0) return std::nullopt;
  const auto number = value.integer();
  const bool negative = value.if_number()->text.starts_with('-');
  if (number ? *number < node.minimum : negative)
    return " did not have a minimum value of " + std::to_string(node.minimum) + ", inclusively";
  if (number ? *number > node.maximum : !negative)
    return " did not have a maximum value of " + std::to_string(node.maximum) + ", inclusively";
  return std::nullopt;
}

std::optional<std::string> text_violation(const json::Value& value, const Node& node) {
  const std::string& content = *value.if_string();
  if (!node.values.empty() && std::ranges::find(node.values, std::string_view{content}) == node.values.end())
    return " value " + json::write(value) + " did not match one of the following values: " + listed(node.values);
  if (node.bytes_max != 0 && content.size() > node.bytes_max)
    return " was not of a maximum string length of " + std::to_string(node.bytes_max);
  if (node.plain_text && content.find('\0') != std::string::npos) return " contains a NUL character";
  return std::nullopt;
}

std::optional<Violation> walk(const json::Value& value, const Node& node, const std::string& path);

std::optional<Violation> members_violation(const json::Object& object, const Node& node, const std::string& path) {
  for (const auto& property : node.properties) {
    const json::Value* member = object.find(property.name);
    if (member == nullptr) continue;
    auto below = path;
    if (!below.empty()) below += '/';
    below += property.name;
    if (auto found = walk(*member, property.node, below)) return found;
  }
  for (const auto name : node.required) {
    if (object.contains(name)) continue;
    return Violation{property_at(path) + " did not contain a required property of '" + std::string(name) + "'"};
  }
  return std::nullopt;
}

std::optional<Violation> walk(const json::Value& value, const Node& node, const std::string& path) {
  if (!matches(value, node.type))
    return Violation{property_at(path) + " of type " + std::string(type_of(value)) +
                     " did not match the following type: " + std::string(name_of(node.type))};
  std::optional<std::string> rule;
  if (node.type == SchemaType::object) return members_violation(*value.if_object(), node, path);
  if (node.type == SchemaType::string) rule = text_violation(value, node);
  if (node.type == SchemaType::integer) rule = range_violation(value, node);
  if (!rule) return std::nullopt;
  return Violation{property_at(path) + *rule};
}

json::Array names(std::span<const std::string_view> from) {
  json::Array out;
  for (const auto name : from) out.emplace_back(name);
  return out;
}

json::Value document_of(const Node& node) {
  json::Object out;
  out.append("type", name_of(node.type));
  out.append("description", node.description);
  if (node.read_only) out.append("readOnly", true);
  if (!node.values.empty()) out.append("enum", names(node.values));
  if (node.minimum != 0) out.append("minimum", node.minimum);
  if (node.maximum != 0) out.append("maximum", node.maximum);
  if (node.bytes_max != 0) out.append("maxLength", static_cast<std::uint64_t>(node.bytes_max));
  if (!node.properties.empty()) {
    json::Object properties;
    for (const auto& property : node.properties)
      properties.append(std::string(property.name), document_of(property.node));
    out.append("properties", std::move(properties));
  }
  if (!node.required.empty()) out.append("required", names(node.required));
  return out;
}

}  // namespace

std::optional<Violation> first_violation(const json::Value& body) {
  return walk(body, root, "");
}

const std::string& schema_document() {
  static const std::string document = json::write(document_of(root));
  return document;
}

}  // namespace nephele::runtimes
