// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pugi {
struct xml_node_struct;
}

/// XML as OpenNebula and EC2 write it: elements and text, CDATA, the five entities and numeric ones. Attributes,
/// comments and document types are passed over; nothing is ever loaded from outside. pugixml underneath, in xml.cpp
/// only.
namespace nephele::xml {

struct Limits {
  std::size_t bytes = std::size_t{64} * 1024 * 1024;
  std::size_t tags = 2'000'000;  ///< '<' characters: each may cost a node of about 100 bytes
  std::size_t depth = 64;
};

/// An element of a Document, valid as long as that. A default-constructed one is "none": it has no name, no text and no
/// children, so that look-ups chain.
class Node {
 public:
  Node() = default;
  explicit Node(pugi::xml_node_struct* node) : node_(node) {}

  explicit operator bool() const noexcept { return node_ != nullptr; }
  std::string_view name() const;
  /// What stands directly inside, text and CDATA joined, blanks as they are.
  std::string text() const;
  /// True also for an empty CDATA section: `<A><![CDATA[]]></A>` has a text, `<A></A>` has none.
  bool has_text() const;
  /// The first child element of that name.
  Node child(std::string_view name) const;
  Node first() const;  ///< the first child element
  Node next() const;   ///< the next sibling element

 private:
  pugi::xml_node_struct* node_ = nullptr;
};

class Document {
 public:
  /// Fails with `invalid`; the sentence says where and what, and quotes nothing of the text.
  static Result<Document> parse(std::string text, Limits limits = {});
  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;
  ~Document();

  Node root() const;

 private:
  struct State;
  explicit Document(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Whether XML 1.0 can carry it at all: UTF-8, and no control characters but tab, line feed and carriage return.
bool can_carry(std::string_view text) noexcept;

/// Text as content of an element; `]]>` cannot arise, and carriage returns survive the reader's end-of-line handling.
/// The caller has asked can_carry().
void escape_to(std::string_view text, std::string& out);
std::string escape(std::string_view text);

}  // namespace nephele::xml
