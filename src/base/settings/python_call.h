// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/settings/tree.h"

namespace nephele::settings {

/// A call as PythonExtras::calls reads it: a table with the members `call`, `arguments` and `keywords`.
struct PythonCall {
  std::string_view name;        ///< without what stands before its last dot
  const Node::List* arguments;  ///< never a null pointer
  const Node* keywords;         ///< a table
};
std::optional<PythonCall> call_of(const Node& node) noexcept;

/// For the reader: that table, or what set(), tuple(), list() and dict() make.
Node made_by_call(const Place& place, const std::string& name, Node::List arguments, Node keywords);

}  // namespace nephele::settings
