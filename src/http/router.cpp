// SPDX-License-Identifier: Apache-2.0
#include "http/router.h"

#include <algorithm>
#include <stdexcept>

namespace nephele::http {

// A tree of segments. Small vectors: a level has a handful of literals.
struct Router::Node {
  std::vector<std::pair<std::string, std::unique_ptr<Node>>> literals;
  std::unique_ptr<Node> placeholder;
  std::vector<std::size_t> entries;  // of the routes that end here, one a verb

  Node* literal(std::string_view text) const {
    const auto found = std::ranges::find_if(literals, [&](const auto& child) { return child.first == text; });
    return found == literals.end() ? nullptr : found->second.get();
  }
};

namespace {

bool is_placeholder(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

/// Takes the text up to the next slash off `rest`; false at the end.
bool next_segment(std::string_view& rest, std::string_view& segment) {
  if (rest.empty()) return false;
  rest.remove_prefix(1);  // the slash
  const auto end = rest.find('/');
  segment = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end);
  return true;
}

constexpr bool answers(Verb route, Verb asked) {
  return route == asked || (route == Verb::get && asked == Verb::head);
}

}  // namespace

Response Faults::timed_out(const Request& request) const {
  Response response = internal(request);
  response.status = 503;
  return response;
}

Router::Router(const Faults& faults) : faults_(faults), root_(std::make_unique<Node>()) {}
Router::~Router() = default;

void Router::insert(Verb verb, std::string_view path, Access access, std::size_t body_bytes_max,
                    std::unique_ptr<Handler> handler) {
  if (path.empty() || path.front() != '/')
    throw std::logic_error("a route's path starts with '/': " + std::string(path));
  Node* node = root_.get();
  std::string_view rest = path;
  for (std::string_view segment; next_segment(rest, segment);) {
    if (is_placeholder(segment)) {
      if (!node->placeholder) node->placeholder = std::make_unique<Node>();
      node = node->placeholder.get();
    } else if (Node* child = node->literal(segment)) {
      node = child;
    } else {
      node = node->literals.emplace_back(std::string(segment), std::make_unique<Node>()).second.get();
    }
  }
  for (const std::size_t other : node->entries)
    if (entries_[other].verb == verb)
      throw std::logic_error("two routes for " + std::string(to_string(verb)) + " " + std::string(path));
  node->entries.push_back(entries_.size());
  entries_.push_back(Entry{verb, std::string(path), access, body_bytes_max, handler.get()});
  handlers_.push_back(std::move(handler));
}

namespace {

/// Walks the tree, literals before placeholders, and comes back from dead ends.
template <class Node>
class Search {
 public:
  Search(const std::vector<Router::Entry>& entries, Verb verb, Router::Match& match)
      : entries_(entries), verb_(verb), match_(match) {}

  bool walk(const Node& node, std::string_view rest) {
    std::string_view segment;
    if (!next_segment(rest, segment)) return arrive(node);
    std::string decoded;
    std::string_view text = segment;
    if (segment.find('%') != std::string_view::npos) {
      auto plain = percent_decode(segment);
      if (!plain) return false;
      decoded = std::move(*plain);
      text = decoded;
    }
    if (const Node* child = node.literal(text); child != nullptr && walk(*child, rest)) return true;
    if (!node.placeholder || text.empty()) return false;
    match_.parameters.emplace_back(text);
    if (walk(*node.placeholder, rest)) return true;
    match_.parameters.pop_back();
    return false;
  }

 private:
  bool arrive(const Node& node) {
    for (const std::size_t index : node.entries) {
      const Router::Entry& entry = entries_[index];
      if (!answers(entry.verb, verb_)) continue;
      if (match_.entry == nullptr || entry.verb == verb_) match_.entry = &entry;
    }
    if (match_.entry != nullptr) return true;
    for (const std::size_t index : node.entries) allow(entries_[index].verb);
    return false;
  }

  void allow(Verb verb) {
    const std::string_view name = to_string(verb);
    if (match_.allow.find(name) != std::string::npos) return;
    if (!match_.allow.empty()) match_.allow += ", ";
    match_.allow += name;
    if (verb == Verb::get) match_.allow += ", HEAD";
  }

  const std::vector<Router::Entry>& entries_;
  Verb verb_;
  Router::Match& match_;
};

}  // namespace

Router::Match Router::find(Verb verb, std::string_view path) const {
  Match match;
  if (path.empty() || path.front() != '/') return match;
  while (path.size() > 1 && path[1] == '/') path.remove_prefix(1);
  if (Search<Node>(entries_, verb, match).walk(*root_, path)) match.allow.clear();
  if (match.entry == nullptr) match.parameters.clear();
  return match;
}

}  // namespace nephele::http
