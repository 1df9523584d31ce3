// SPDX-License-Identifier: Apache-2.0
#include "base/settings/python_call.h"

namespace nephele::settings {

Node made_by_call(const Place& place, const std::string& name, Node::List arguments, Node keywords) {
  const bool sequence = name == "set" || name == "frozenset" || name == "tuple" || name == "list";
  if (sequence && arguments.empty()) return {place, Node::List{}};
  if (sequence && arguments.size() == 1 && arguments.front().if_list() != nullptr) return std::move(arguments.front());
  if (name == "dict" && arguments.empty()) return keywords;
  Node made(place, Node::Table{});
  made.set("call", "call", Node(place, name));
  made.set("arguments", "arguments", Node(place, std::move(arguments)));
  made.set("keywords", "keywords", std::move(keywords));
  return made;
}

std::optional<PythonCall> call_of(const Node& node) noexcept {
  const Entry* name = node.entry("call");
  const Entry* arguments = node.entry("arguments");
  const Entry* keywords = node.entry("keywords");
  if (name == nullptr || name->value.if_text() == nullptr || arguments == nullptr ||
      arguments->value.if_list() == nullptr || keywords == nullptr || keywords->value.if_table() == nullptr)
    return std::nullopt;
  std::string_view last = *name->value.if_text();
  if (const std::size_t dot = last.rfind('.'); dot != std::string_view::npos) last.remove_prefix(dot + 1);
  return PythonCall{.name = last, .arguments = arguments->value.if_list(), .keywords = &keywords->value};
}

}  // namespace nephele::settings
