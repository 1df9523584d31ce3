// SPDX-License-Identifier: Apache-2.0
#include "base/settings/tree.h"

#include <algorithm>

namespace nephele::settings {

std::string Place::text() const {
  return line > 0 ? file + ":" + std::to_string(line) : file;
}

std::unexpected<Error> fail_at(const Place& place, std::string_view sentence) {
  return fail(Kind::invalid, place.text() + ": " + std::string(sentence));
}

std::string_view to_string(Type type) noexcept {
  switch (type) {
    case Type::none:
      return "nothing";
    case Type::boolean:
      return "a boolean";
    case Type::integer:
    case Type::real:
      return "a number";
    case Type::text:
      return "a text";
    case Type::list:
      return "a list";
    case Type::table:
      return "a table";
  }
  return "nothing";
}

Node::Node() = default;
Node::Node(Place place, Data data) : place_(std::move(place)), data_(std::move(data)) {}
Node::Node(const Node&) = default;
Node::Node(Node&&) noexcept = default;
Node& Node::operator=(const Node&) = default;
Node& Node::operator=(Node&&) noexcept = default;
Node::~Node() = default;

const Entry* Node::entry(std::string_view key) const noexcept {
  const Table* table = if_table();
  if (table == nullptr) return nullptr;
  const auto found = std::ranges::find(*table, key, &Entry::key);
  return found == table->end() ? nullptr : &*found;
}

const Entry* Node::at(std::string_view path) const noexcept {
  if (const Entry* whole = entry(path)) return whole;
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.', dot + 1)) {
    const Entry* first = entry(path.substr(0, dot));
    if (first == nullptr) continue;
    if (const Entry* rest = first->value.at(path.substr(dot + 1))) return rest;
  }
  return nullptr;
}

void Node::set(std::string key, std::string spelled, Node value) {
  Table& table = *if_table();
  const auto found = std::ranges::find(table, key, &Entry::key);
  Entry fresh{.key = std::move(key), .spelled = std::move(spelled), .value = std::move(value)};
  if (found != table.end()) {
    *found = std::move(fresh);
  } else {
    table.push_back(std::move(fresh));
  }
}

json::Value Node::to_json() const {
  switch (type()) {
    case Type::none:
      return nullptr;
    case Type::boolean:
      return *if_boolean();
    case Type::integer:
      return *if_integer();
    case Type::real:
      return *if_real();
    case Type::text:
      return *if_text();
    case Type::list: {
      json::Array items;
      for (const Node& item : *if_list()) items.push_back(item.to_json());
      return items;
    }
    case Type::table: {
      json::Object members;
      for (const Entry& member : *if_table()) members.append(member.key, member.value.to_json());
      return members;
    }
  }
  return nullptr;
}

Measure measure(const Node& node) noexcept {
  Measure sum{.weight = sizeof(Node), .depth = 0};
  const auto add = [&sum](const Node& child) {
    const Measure inner = measure(child);
    sum.weight += inner.weight;
    sum.depth = std::max(sum.depth, inner.depth + 1);
  };
  if (const auto* text = node.if_text()) sum.weight += text->size();
  if (const auto* list = node.if_list()) std::ranges::for_each(*list, add);
  if (const auto* table = node.if_table()) {
    for (const Entry& entry : *table) {
      sum.weight += entry.key.size();
      add(entry.value);
    }
  }
  return sum;
}

}  // namespace nephele::settings
