// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/result.h"

/// What all settings readers make of their files: one tree in which every value knows its file and line.
namespace nephele::settings {

/// Where a value stands. Line 0 means that the place has no lines (an environment variable, a flag).
struct Place {
  std::string file;
  int line = 0;

  /// "engine.conf:12"
  std::string text() const;
  friend bool operator==(const Place&, const Place&) = default;
};

/// `invalid`, with the place in front: "engine.conf:12: ...".
[[nodiscard]] std::unexpected<Error> fail_at(const Place& place, std::string_view sentence);

enum class Type : std::uint8_t { none, boolean, integer, real, text, list, table };

/// "a number", "a text": for sentences about what was found.
std::string_view to_string(Type type) noexcept;

struct Entry;

class Node {
 public:
  using List = std::vector<Node>;
  using Table = std::vector<Entry>;
  using Data = std::variant<std::monostate, bool, std::int64_t, double, std::string, List, Table>;

  Node();
  Node(Place place, Data data);
  Node(const Node&);
  Node(Node&&) noexcept;
  Node& operator=(const Node&);
  Node& operator=(Node&&) noexcept;
  ~Node();

  Type type() const noexcept { return static_cast<Type>(data_.index()); }
  const Place& place() const noexcept { return place_; }
  const bool* if_boolean() const noexcept { return std::get_if<bool>(&data_); }
  const std::int64_t* if_integer() const noexcept { return std::get_if<std::int64_t>(&data_); }
  const double* if_real() const noexcept { return std::get_if<double>(&data_); }
  const std::string* if_text() const noexcept { return std::get_if<std::string>(&data_); }
  const List* if_list() const noexcept { return std::get_if<List>(&data_); }
  List* if_list() noexcept { return std::get_if<List>(&data_); }
  const Table* if_table() const noexcept { return std::get_if<Table>(&data_); }
  Table* if_table() noexcept { return std::get_if<Table>(&data_); }

  /// The entry of a table with this key; null pointer when there is none or this is no table.
  const Entry* entry(std::string_view key) const noexcept;
  /// Walks tables by the parts of a dotted path: "capacity.cpu.default". A key that itself holds the dots is found
  /// too, and first.
  const Entry* at(std::string_view path) const noexcept;

  /// Replaces the entry in its place or adds it; this must be a table.
  void set(std::string key, std::string spelled, Node value);

  /// For showing and for `/server/config`: booleans and numbers stay what they are.
  json::Value to_json() const;

 private:
  Place place_;
  Data data_;
};

struct Entry {
  std::string key;      ///< without the decoration of its file: `port` for `:port:`
  std::string spelled;  ///< as the file writes it, for messages
  Node value;
};

/// What a reader gives: the tree, and what an operator should look at.
struct Document {
  Node root;
  std::vector<std::string> warnings;  ///< each begins with file and line
};

/// How much a tree may hold, so that references cannot blow a small file up: nodes and bytes of text, weighed together.
inline constexpr std::size_t weight_max = std::size_t{8} << 20U;
inline constexpr std::size_t depth_max = 64;

struct Measure {
  std::size_t weight = 0;
  std::size_t depth = 0;
};
Measure measure(const Node& node) noexcept;

}  // namespace nephele::settings
