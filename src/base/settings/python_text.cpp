// SPDX-License-Identifier: Apache-2.0
#include "base/settings/python_text.h"

#include <fmt/format.h>

namespace nephele::settings {

std::string python_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == '\x7f') {
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string python_node(const Node& node) {
  switch (node.type()) {
    case Type::none:
      return "None";
    case Type::boolean:
      return *node.if_boolean() ? "True" : "False";
    case Type::integer:
      return std::to_string(*node.if_integer());
    case Type::real:
      return fmt::format("{}", *node.if_real());
    case Type::text:
      return python_text(*node.if_text());
    case Type::list: {
      std::string out;
      for (const Node& item : *node.if_list()) out += (out.empty() ? "" : ", ") + python_node(item);
      return "[" + out + "]";
    }
    case Type::table: {
      std::string out;
      for (const Entry& entry : *node.if_table())
        out += (out.empty() ? "" : ", ") + python_text(entry.key) + ": " + python_node(entry.value);
      return "{" + out + "}";
    }
  }
  return "None";
}

}  // namespace nephele::settings
