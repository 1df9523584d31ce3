// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// HTML that is well formed by construction, as XML too: text is escaped, elements close themselves.
namespace nephele::identity::pages {

struct Attribute {
  std::string_view name;  ///< a literal of ours
  std::string value;
};
using Attributes = std::vector<Attribute>;

class Html {
 public:
  Html() = default;
  /// Text; what neither HTML nor XML can hold becomes U+FFFD.
  Html(std::string_view text);  // NOLINT(google-explicit-constructor): so that text and elements stand side by side
  Html(const std::string& text) : Html(std::string_view(text)) {}  // NOLINT(google-explicit-constructor)
  Html(const char* text) : Html(std::string_view(text)) {}         // NOLINT(google-explicit-constructor)

  Html& operator+=(const Html& more) {
    markup_ += more.markup_;
    return *this;
  }
  bool empty() const noexcept { return markup_.empty(); }
  const std::string& markup() const noexcept { return markup_; }

  /// The administrator's own words, as he wrote them: the terms of use, and nothing else.
  static Html of_administrator(std::string markup);

 private:
  friend Html element(std::string_view name, const Attributes& attributes, std::initializer_list<Html> content);
  std::string markup_;
};

/// <p class="hint">...</p>; <input .../> where the element has no content by its nature.
Html element(std::string_view name, const Attributes& attributes = {}, std::initializer_list<Html> content = {});
inline Html element(std::string_view name, std::initializer_list<Html> content) {
  return element(name, {}, content);
}
Html link(std::string address, std::string_view text);

}  // namespace nephele::identity::pages
