// SPDX-License-Identifier: Apache-2.0
#include "clouds/xml/xml.h"

#include <algorithm>
#include <pugixml.hpp>

#include "base/utf8.h"

namespace nephele::xml {

namespace {

// Blanks alone are text too: a password or a template's value may be one.
constexpr unsigned reading = pugi::parse_cdata | pugi::parse_escapes | pugi::parse_eol | pugi::parse_ws_pcdata;

// Each of pugixml's little functions is a call into a shared library: as few as will do.
bool is_text(const pugi::xml_node& node) {
  const auto type = node.type();
  return type == pugi::node_pcdata || type == pugi::node_cdata;
}

Node wrapped(pugi::xml_node node) {
  for (;;) {
    const auto type = node.type();
    if (type == pugi::node_element) return Node(node.internal_object());
    if (type == pugi::node_null) return {};
    node = node.next_sibling();
  }
}

/// pugixml walks without recursion, so that no input decides about our stack.
class DepthLimit final : public pugi::xml_tree_walker {
 public:
  explicit DepthLimit(std::size_t levels) : levels_(static_cast<int>(levels)) {}
  bool for_each(pugi::xml_node&) override { return depth() < levels_; }

 private:
  int levels_;
};

std::size_t elements_in(const pugi::xml_document& document) {
  std::size_t count = 0;
  for (const auto& node : document.children())
    if (node.type() == pugi::node_element) ++count;
  return count;
}

}  // namespace

std::string_view Node::name() const {
  return pugi::xml_node(node_).name();
}

std::string Node::text() const {
  const pugi::xml_node first = pugi::xml_node(node_).first_child();
  if (is_text(first) && first.next_sibling().type() == pugi::node_null) return first.value();  // nearly always
  std::string out;
  for (const auto& node : pugi::xml_node(node_).children())
    if (is_text(node)) out += node.value();
  return out;
}

bool Node::has_text() const {
  return std::ranges::any_of(pugi::xml_node(node_).children(), is_text);
}

Node Node::child(std::string_view name) const {
  const std::string terminated(name);
  return wrapped(pugi::xml_node(node_).child(terminated.c_str()));  // only elements have names here
}

Node Node::first() const {
  return wrapped(pugi::xml_node(node_).first_child());
}

Node Node::next() const {
  return wrapped(pugi::xml_node(node_).next_sibling());
}

/// pugixml reads in place: its nodes point into `text`, which therefore never moves.
struct Document::State {
  std::string text;
  pugi::xml_document document;
};

Document::Document(std::unique_ptr<State> state) : state_(std::move(state)) {}
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;

Result<Document> Document::parse(std::string text, Limits limits) {
  if (text.size() > limits.bytes)
    return fail(Kind::invalid, "the XML is longer than " + std::to_string(limits.bytes) + " bytes");
  if (text.find('\0') != std::string::npos) return fail(Kind::invalid, "the XML holds a zero byte");
  // What is shorter than the limit need not be counted.
  if (text.size() > limits.tags && static_cast<std::size_t>(std::ranges::count(text, '<')) > limits.tags)
    return fail(Kind::invalid, "the XML has more than " + std::to_string(limits.tags) + " tags");
  auto state = std::make_unique<State>();
  state->text = std::move(text);
  const auto outcome =
      state->document.load_buffer_inplace(state->text.data(), state->text.size(), reading, pugi::encoding_utf8);
  if (!outcome)
    return fail(Kind::invalid, "no XML, at byte " + std::to_string(outcome.offset) + ": " + outcome.description());
  if (elements_in(state->document) != 1) return fail(Kind::invalid, "the XML has not exactly one element on top");
  if (DepthLimit levels(limits.depth); !state->document.traverse(levels))
    return fail(Kind::invalid, "the XML is nested deeper than " + std::to_string(limits.depth) + " elements");
  return Document(std::move(state));
}

Node Document::root() const {
  return wrapped(state_->document.first_child());
}

bool can_carry(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    if (length == 0) return false;
    const char32_t point = utf8_code_point(text);
    if (point < 0x20 && point != '\t' && point != '\n' && point != '\r') return false;
    if (point == 0xFFFE || point == 0xFFFF) return false;
    text.remove_prefix(length);
  }
  return true;
}

void escape_to(std::string_view text, std::string& out) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\r':
        out += "&#13;";
        break;
      default:
        out += c;
    }
  }
}

std::string escape(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  escape_to(text, out);
  return out;
}

}  // namespace nephele::xml
