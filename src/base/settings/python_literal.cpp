// SPDX-License-Identifier: Apache-2.0
#include "base/settings/python_literal.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/settings/python_arithmetic.h"
#include "base/settings/python_call.h"
#include "base/settings/python_scanner.h"

namespace nephele::settings {

namespace {

constexpr std::string_view allowed =
    "allowed is NAME = value, where a value is a text, a number, True, False, None, a list, a tuple, a dict, a NAME "
    "assigned before, or a sum or product of these";

class PythonReader {
 public:
  PythonReader(std::string_view text, const std::string& file, const Node* earlier, const PythonExtras& extras)
      : in_(text, file), earlier_(earlier), extras_(extras), root_(Place{.file = file, .line = 1}, Node::Table{}) {}

  Result<Document> read() {
    while (next_statement()) {
      if (indented_)
        return fail_at(in_.place(), "this line is indented; begin it at the first column, or close the bracket before");
      const Place place = in_.place();
      name_.clear();
      depth_ = 0;
      if (const auto read = statement(); !read) {
        if (!extras_.needed || extras_.needed(name_)) return fail(read.error());
        warnings_.push_back(fmt::format("{}; {} is left out, with the lines that belong to it", read.error().sentence(),
                                        name_.empty() ? place.text() : name_));
        in_.skip_statement();
      }
    }
    return Document{.root = std::move(root_), .warnings = std::move(warnings_)};
  }

 private:
  /// Moves to where the next statement begins.
  bool next_statement() {
    in_.take(";");
    for (;;) {
      const bool line_begins = in_.at_column_0();
      in_.skip_blanks(false);
      indented_ = line_begins && !in_.at_column_0();
      if (in_.at_end()) return false;
      if (!in_.at_line_end()) return true;
      in_.step();
    }
  }

  Result<> statement() {
    const Place place = in_.place();
    if (!in_.at_name() || in_.at_text())
      return fail_at(place, fmt::format("expected NAME = value, found {}; {}", in_.found(), allowed));
    const std::string found = in_.found();
    const std::string name = in_.name();
    name_ = name;
    if (extras_.calls && (name == "import" || name == "from")) return import_line();
    in_.skip_blanks(false);
    const bool adds = in_.take("+=");
    if (!adds && (in_.peek(1) == '=' || !in_.take("=")))
      return fail_at(place, fmt::format("expected NAME = value, found {}; {}", found, allowed));
    TRY(Node value, values_of_line());
    if (adds) {
      const Node* before = lookup(name);
      if (before == nullptr) return fail_at(place, fmt::format("{} += needs a value of {} before it", name, name));
      TRY(value, sum(*before, std::move(value), '+'));
    }
    in_.skip_blanks(false);
    if (!in_.at_line_end() && in_.peek() != ';')
      return fail_at(in_.place(), fmt::format("unexpected {} after the value of {}; {}", in_.found(), name, allowed));
    if (measure(value).depth > depth_max) return fail_at(place, "nested too deeply");
    if (const Entry* before = root_.entry(name); before != nullptr && !adds)
      warnings_.push_back(fmt::format("{}: {} was assigned before, in line {}; this value wins", place.text(), name,
                                      before->value.place().line));
    root_.set(name, name, Node(std::move(value)));
    return {};
  }

  /// What is imported is understood by its name, or not at all.
  Result<> import_line() {
    int open = 0;
    for (; !in_.at_end() && (open > 0 || !in_.at_line_end()); in_.step()) {
      if (in_.peek() == '(') ++open;
      if (in_.peek() == ')') --open;
    }
    return {};
  }

  /// `1, 2` without brackets is a tuple.
  Result<Node> values_of_line() {
    const Place place = in_.place();
    TRY(Node first, expression(false));
    in_.skip_blanks(false);
    if (in_.peek() != ',') return first;
    Node::List items;
    items.push_back(std::move(first));
    while (in_.take(",")) {
      in_.skip_blanks(false);
      if (in_.at_line_end() || in_.peek() == ';') break;
      TRY(Node item, expression(false));
      items.push_back(std::move(item));
      in_.skip_blanks(false);
    }
    return Node(place, std::move(items));
  }

  Result<Node> expression(bool inside) {
    TRY(Node left, product(inside));
    for (;;) {
      in_.skip_blanks(inside);
      const char op = in_.peek();
      if ((op != '+' && op != '-') || in_.peek(1) == '=') return left;
      in_.step();
      TRY(Node right, product(inside));
      TRY(left, sum(std::move(left), std::move(right), op));
    }
  }

  Result<Node> product(bool inside) {
    TRY(Node left, signed_value(inside));
    for (;;) {
      in_.skip_blanks(inside);
      const bool divide = in_.peek() == '/' && in_.peek(1) == '/';
      const bool multiply = in_.peek() == '*' && in_.peek(1) != '*';
      if (!divide && !multiply) return left;
      const Place place = in_.place();
      in_.take(divide ? "//" : "*");
      TRY(const Node right, signed_value(inside));
      TRY(left, arithmetic(place, left, right, divide ? '/' : '*'));
    }
  }

  Result<Node> signed_value(bool inside) {
    in_.skip_blanks(inside);
    bool negative = false;
    bool signs = false;
    const Place place = in_.place();
    while (in_.peek() == '-' || in_.peek() == '+') {
      signs = true;
      negative = negative != (in_.peek() == '-');
      in_.step();
      in_.skip_blanks(inside);
    }
    TRY(Node value, primary(inside));
    if (!signs) return value;
    return arithmetic(place, Node(place, std::int64_t{negative ? -1 : 1}), value, '*');
  }

  Result<Node> primary(bool inside) {
    const Place place = in_.place();
    if (in_.at_text()) return texts(inside);
    if (in_.at_number()) return in_.number();
    if (in_.at_name()) return named(place);
    if (depth_ >= depth_max) return fail_at(place, "nested too deeply");
    ++depth_;
    auto value = bracketed(place);
    --depth_;
    return value;
  }

  Result<Node> bracketed(const Place& place) {
    if (in_.take("(")) return sequence(place, ')');
    if (in_.take("[")) return sequence(place, ']');
    if (in_.take("{")) return dict(place);
    return fail_at(place, fmt::format("expected a value, found {}; {}", in_.found(), allowed));
  }

  /// Texts side by side are one text.
  Result<Node> texts(bool inside) {
    const Place place = in_.place();
    std::string joined;
    while (in_.at_text()) {
      TRY(const std::string part, in_.text());
      joined += part;
      in_.skip_blanks(inside);
    }
    const std::size_t size = joined.size();
    return charged(Node(place, std::move(joined)), size);
  }

  Result<Node> named(const Place& place) {
    const std::string found = in_.found();
    const std::string name = in_.name();
    if (name == "True") return Node(place, true);
    if (name == "False") return Node(place, false);
    if (name == "None") return Node(place, std::monostate{});
    const Node* value = lookup(name);
    const bool computed = in_.peek() == '(' || in_.peek() == '.' || in_.peek() == '[';
    if (computed && extras_.calls && in_.peek() != '[') return dotted(place, name);
    if (value == nullptr || computed)
      return fail_at(place, fmt::format("{} is not a value and {} was not assigned before; {}", found, name, allowed));
    return charged(Node(*value), measure(*value).weight);
  }

  /// `ldap.SCOPE_SUBTREE`, or a call.
  Result<Node> dotted(const Place& place, std::string name) {
    while (in_.take(".")) {
      if (!in_.at_name())
        return fail_at(place, fmt::format("expected a name after '{}.', found {}", name, in_.found()));
      name += "." + in_.name();
    }
    const std::size_t size = name.size();
    if (!in_.take("(")) return charged(Node(place, std::move(name)), size);
    if (depth_ >= depth_max) return fail_at(place, "nested too deeply");
    ++depth_;
    auto made = call(place, name);
    --depth_;
    return made;
  }

  Result<Node> call(const Place& place, const std::string& name) {
    Node::List arguments;
    Node keywords(place, Node::Table{});
    for (bool comma = true;;) {
      in_.skip_blanks(true);
      if (in_.take(")")) break;
      if (!comma) return not_closed(place, ')');
      std::string keyword = keyword_of_argument();
      TRY(Node value, expression(true));
      if (keyword.empty()) {
        arguments.push_back(std::move(value));
      } else {
        std::string spelled = keyword;
        keywords.set(std::move(keyword), std::move(spelled), std::move(value));
      }
      in_.skip_blanks(true);
      comma = in_.take(",");
    }
    const std::size_t size = (arguments.size() + keywords.if_table()->size() + 3) * sizeof(Entry);
    return charged(made_by_call(place, name, std::move(arguments), std::move(keywords)), size);
  }

  /// `name` of `name=value`; nothing when a value begins here.
  std::string keyword_of_argument() {
    if (!in_.at_name() || in_.at_text()) return std::string();
    const auto before = in_.mark();
    std::string name = in_.name();
    in_.skip_blanks(true);
    if (in_.peek() == '=' && in_.peek(1) != '=' && in_.take("=")) return name;
    in_.rewind(before);
    return std::string();
  }

  const Node* lookup(std::string_view name) const {
    const Entry* own = root_.entry(name);
    if (own == nullptr && earlier_ != nullptr) own = earlier_->entry(name);
    return own == nullptr ? nullptr : &own->value;
  }

  /// A list, a tuple, or one value in parentheses.
  Result<Node> sequence(const Place& place, char close) {
    Node::List items;
    bool comma = false;
    for (;;) {
      in_.skip_blanks(true);
      if (in_.take(std::string_view(&close, 1))) break;
      if (!items.empty() && !comma) return not_closed(place, close);
      TRY(Node item, expression(true));
      items.push_back(std::move(item));
      in_.skip_blanks(true);
      comma = in_.take(",");
    }
    if (close == ')' && items.size() == 1 && !comma) return std::move(items.front());
    const std::size_t size = items.size() * sizeof(Node);
    return charged(Node(place, std::move(items)), size);
  }

  Result<Node> dict(const Place& place) {
    Node made(place, Node::Table{});
    for (bool comma = true;;) {
      in_.skip_blanks(true);
      if (in_.take("}")) {
        const std::size_t size = made.if_table()->size() * sizeof(Entry);
        return charged(std::move(made), size);
      }
      if (!comma) return not_closed(place, '}');
      const Place key_place = in_.place();
      TRY(Node key, expression(true));
      in_.skip_blanks(true);
      if (made.if_table()->empty() && (in_.peek() == ',' || in_.peek() == '}')) return set(place, std::move(key));
      if (!in_.take(":")) return fail_at(in_.place(), fmt::format("expected ':' after a key, found {}", in_.found()));
      TRY(std::string name, key_text(key, key_place));
      TRY(Node value, expression(true));
      if (made.entry(name) != nullptr)
        warnings_.push_back(fmt::format("{}: the key '{}' stands twice; the last wins", key_place.text(), name));
      std::string spelled = name;
      made.set(std::move(name), std::move(spelled), std::move(value));
      in_.skip_blanks(true);
      comma = in_.take(",");
    }
  }

  /// `{1, 2}`, from behind its first item on.
  Result<Node> set(const Place& place, Node first) {
    Node::List items;
    items.push_back(std::move(first));
    for (;;) {
      const bool comma = in_.take(",");
      in_.skip_blanks(true);
      if (in_.take("}")) break;
      if (!comma) return not_closed(place, '}');
      TRY(Node item, expression(true));
      items.push_back(std::move(item));
      in_.skip_blanks(true);
    }
    const std::size_t size = items.size() * sizeof(Node);
    return charged(Node(place, std::move(items)), size);
  }

  static Result<std::string> key_text(const Node& key, const Place& place) {
    if (const auto* text = key.if_text()) return *text;
    if (const auto* integer = key.if_integer()) return std::to_string(*integer);
    return fail_at(place, fmt::format("a key must be a text or a whole number, found {}", to_string(key.type())));
  }

  std::unexpected<Error> not_closed(const Place& begin, char close) const {
    return fail_at(in_.place(), fmt::format("expected ',' or '{}', found {}; the bracket was opened in line {}", close,
                                            in_.found(), begin.line));
  }

  Result<Node> sum(Node left, Node right, char op) {
    const Place place = right.place();
    if (op == '+' && left.if_text() != nullptr && right.if_text() != nullptr)
      return charged(Node(left.place(), *left.if_text() + *right.if_text()),
                     left.if_text()->size() + right.if_text()->size());
    if (op == '+' && left.if_list() != nullptr && right.if_list() != nullptr) {
      std::ranges::move(*right.if_list(), std::back_inserter(*left.if_list()));
      const std::size_t size = left.if_list()->size() * sizeof(Node);
      return charged(std::move(left), size);
    }
    return arithmetic(place, left, right, op);
  }

  /// Counts what the file makes, so that A = B + B, a few dozen times over, stays small.
  Result<Node> charged(Node made, std::size_t weight) {
    weight_ += weight;
    if (weight_ > weight_max) return fail_at(made.place(), "the values of this file grow too large");
    return made;
  }

  PythonScanner in_;
  const Node* earlier_;
  const PythonExtras& extras_;
  Node root_;
  std::string name_;  // that the present statement begins with
  std::vector<std::string> warnings_;
  std::size_t depth_ = 0;
  std::size_t weight_ = 0;
  bool indented_ = false;
};

}  // namespace

Result<Document> read_python_literal(std::string_view text, const std::string& file, const Node* earlier,
                                     const PythonExtras& extras) {
  if (text.find('\0') != std::string_view::npos) {
    const auto lines = std::ranges::count(text.substr(0, text.find('\0')), '\n');
    return fail_at({.file = file, .line = static_cast<int>(lines) + 1},
                   "the file holds a NUL byte; it is no text file");
  }
  return PythonReader(text, file, earlier, extras).read();
}

}  // namespace nephele::settings
