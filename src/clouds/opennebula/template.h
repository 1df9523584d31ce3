// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "clouds/xml/xml.h"

/// OpenNebula's templates: what a VM, a VM template or a document is made of. In order, as written; names in capitals,
/// as oned keeps them. The three spellings: text (template_text.h), XML (answers of oned) and JSON (OneFlow from 7.0).
namespace nephele::opennebula {

/// `DISK = [ IMAGE_ID = 0, SIZE = 1024 ]`: members with unique names.
class Vector {
 public:
  using Member = std::pair<std::string, std::string>;

  Vector() = default;
  Vector(std::initializer_list<Member> members);

  const std::string* find(std::string_view name) const noexcept;
  /// The value, or an empty view.
  std::string_view text(std::string_view name) const noexcept;
  /// Replaces the member in its place, or adds it at the end.
  Vector& set(std::string_view name, std::string value);
  void erase(std::string_view name);
  bool empty() const noexcept { return members_.empty(); }
  std::size_t size() const noexcept { return members_.size(); }
  auto begin() const noexcept { return members_.begin(); }
  auto end() const noexcept { return members_.end(); }
  friend bool operator==(const Vector&, const Vector&) = default;

 private:
  std::vector<Member> members_;
};

struct Attribute {
  std::string name;
  std::variant<std::string, Vector> value;

  const std::string* single() const noexcept { return std::get_if<std::string>(&value); }
  const Vector* vector() const noexcept { return std::get_if<Vector>(&value); }
  friend bool operator==(const Attribute&, const Attribute&) = default;
};

class Template {
 public:
  Template() = default;

  /// Adds at the end; several of one name may stand in a template (DISK, NIC).
  Template& add(std::string_view name, std::string value);
  Template& add(std::string_view name, Vector value);
  /// Puts it in the place of the first of that name, drops the others of that name, or adds it.
  Template& set(std::string_view name, std::string value);
  Template& set(std::string_view name, Vector value);
  void erase(std::string_view name);

  /// The first single value of that name.
  const std::string* find(std::string_view name) const noexcept;
  /// Its text, or an empty view.
  std::string_view text(std::string_view name) const noexcept;
  /// The first vector of that name.
  const Vector* vector(std::string_view name) const noexcept;
  std::vector<const Vector*> vectors(std::string_view name) const;

  bool empty() const noexcept { return attributes_.empty(); }
  std::size_t size() const noexcept { return attributes_.size(); }
  auto begin() const noexcept { return attributes_.begin(); }
  auto end() const noexcept { return attributes_.end(); }
  friend bool operator==(const Template&, const Template&) = default;

 private:
  Template& put(Attribute attribute);

  std::vector<Attribute> attributes_;
};

/// What can be a name: letters, digits and `_`, no digit first. oned's grammar takes a digit there too, and then keeps
/// an object whose XML nobody can read.
bool is_attribute_name(std::string_view name) noexcept;

/// Why oned could not keep this value as it is: it is no UTF-8, holds control characters, or `]]>`, which ends the
/// CDATA section that oned puts it into. Empty when it can.
std::string_view objection_to(std::string_view value) noexcept;

/// Fails with `invalid` on a name that is none and on a value with an objection; quotes no value.
Result<> check_attribute(std::string_view name, std::string_view value);

/// An element of a template with elements inside, or with nothing, is a vector; any other is a single value.
bool is_vector(const xml::Node& element);
/// The children of <TEMPLATE> or <USER_TEMPLATE>, but for those of the name `without`.
Template template_of(const xml::Node& node, std::string_view without = {});

/// `<TEMPLATE>...</TEMPLATE>`, which oned takes wherever it takes template text. Fails with `invalid` like the text.
Result<std::string> write_xml(const Template& what);

/// Scalars as strings, vectors as objects, several of one name as an array. Values are as they are: OneFlow escapes its
/// quotes itself. Fails with `invalid` on what it would break: a line break in a member of a vector (it adds a comma
/// there), a backslash at the end.
Result<json::Object> write_object(const Template& what);
/// Numbers and booleans are taken by their text; null is passed over.
Result<Template> read_object(const json::Object& object);

}  // namespace nephele::opennebula
