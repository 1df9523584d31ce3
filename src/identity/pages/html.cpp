// SPDX-License-Identifier: Apache-2.0
#include "identity/pages/html.h"

#include <algorithm>
#include <array>

#include "base/utf8.h"

namespace nephele::identity::pages {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

/// Line ends and tabs are all that XML takes below a blank; C1 controls and noncharacters mean nothing to a reader.
bool may_stand(char32_t c) noexcept {
  if (c < 0x20) return c == '\n' || c == '\t';
  if (c >= 0x7F && c < 0xA0) return false;
  return (c & 0xFFFE) != 0xFFFE;
}

void append_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t bytes = utf8_sequence(text);
    if (bytes == 0 || !may_stand(utf8_code_point(text))) {
      out += replacement;
      text.remove_prefix(std::max<std::size_t>(bytes, 1));
      continue;
    }
    switch (text.front()) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out.append(text.substr(0, bytes));
    }
    text.remove_prefix(bytes);
  }
}

bool has_no_content(std::string_view element) noexcept {
  static constexpr std::array<std::string_view, 5> names{"br", "input", "link", "meta", "hr"};
  return std::ranges::find(names, element) != names.end();
}

}  // namespace

Html::Html(std::string_view text) {
  append_escaped(markup_, text);
}

Html Html::of_administrator(std::string markup) {
  Html out;
  out.markup_ = std::move(markup);
  return out;
}

Html element(std::string_view name, const Attributes& attributes, std::initializer_list<Html> content) {
  Html out;
  out.markup_.append("<").append(name);
  for (const auto& [attribute, value] : attributes) {
    out.markup_.append(" ").append(attribute).append("=\"");
    append_escaped(out.markup_, value);
    out.markup_ += '"';
  }
  if (has_no_content(name)) {
    out.markup_ += "/>";
    return out;
  }
  out.markup_ += '>';
  for (const auto& part : content) out += part;
  out.markup_.append("</").append(name).append(">");
  return out;
}

Html link(std::string address, std::string_view text) {
  return element("a", {{"href", std::move(address)}}, {text});
}

}  // namespace nephele::identity::pages
