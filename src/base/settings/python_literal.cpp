// SPDX-License-Identifier: Apache-2.0
#include "base/settings/python_literal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/settings/python_scanner.h"

namespace nephele::settings {

namespace {

constexpr std::string_view allowed =
    "allowed is NAME = value, where a value is a text, a number, True, False, None, a list, a tuple, a dict, a NAME "
    "assigned before, or a sum or product of these";

class PythonReader {
 public:
  PythonReader(std::string_view text, const std::string& file, const Node* earlier)
      : in_(text, file), earlier_(earlier), root_(Place{.file = file, .line = 1}, Node::Table{}) {}

  Result<Document> read() {
    while (next_statement()) {
      if (indented_)
        return fail_at(in_.place(), "this line is indented; begin it at the first column, or close the bracket before");
      TRY_VOID(statement());
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
    if (value == nullptr || computed)
      return fail_at(place, fmt::format("{} is not a value and {} was not assigned before; {}", found, name, allowed));
    return charged(Node(*value), measure(*value).weight);
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
      TRY(const Node key, expression(true));
      in_.skip_blanks(true);
      if (!in_.take(":")) {
        return fail_at(
            in_.place(),
            fmt::format("expected ':' after a key, found {}; a set is not allowed, write a list", in_.found()));
      }
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

  static Result<Node> arithmetic(const Place& place, const Node& left, const Node& right, char op) {
    const auto* a = left.if_integer();
    const auto* b = right.if_integer();
    if (a != nullptr && b != nullptr) return whole(place, *a, *b, op);
    const auto number = [](const Node& node) -> const double* { return node.if_real(); };
    const double* x = number(left);
    const double* y = number(right);
    if ((a == nullptr && x == nullptr) || (b == nullptr && y == nullptr)) {
      return fail_at(place, fmt::format("{} and {} do not go together with {}", to_string(left.type()),
                                        to_string(right.type()), op == '/' ? "//" : std::string(1, op)));
    }
    const double p = x != nullptr ? *x : static_cast<double>(*a);
    const double q = y != nullptr ? *y : static_cast<double>(*b);
    const double value = op == '+' ? p + q : op == '-' ? p - q : op == '*' ? p * q : std::floor(p / q);
    if (!std::isfinite(value)) return fail_at(place, "the result is no number");
    return Node(place, value);
  }

  static Result<Node> whole(const Place& place, std::int64_t a, std::int64_t b, char op) {
    std::int64_t value = 0;
    bool overflow = false;
    if (op == '+') overflow = __builtin_add_overflow(a, b, &value);
    if (op == '-') overflow = __builtin_sub_overflow(a, b, &value);
    if (op == '*') overflow = __builtin_mul_overflow(a, b, &value);
    if (op == '/') {
      if (b == 0) return fail_at(place, "division by zero");
      overflow = b == -1 && __builtin_sub_overflow(std::int64_t{0}, a, &value);
      if (b != -1) value = a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);  // rounds down, as Python does
    }
    if (overflow) return fail_at(place, "the result is too large");
    return Node(place, value);
  }

  /// Counts what the file makes, so that A = B + B, a few dozen times over, stays small.
  Result<Node> charged(Node made, std::size_t weight) {
    weight_ += weight;
    if (weight_ > weight_max) return fail_at(made.place(), "the values of this file grow too large");
    return made;
  }

  PythonScanner in_;
  const Node* earlier_;
  Node root_;
  std::vector<std::string> warnings_;
  std::size_t depth_ = 0;
  std::size_t weight_ = 0;
  bool indented_ = false;
};

}  // namespace

Result<Document> read_python_literal(std::string_view text, const std::string& file, const Node* earlier) {
  if (text.find('\0') != std::string_view::npos) {
    const auto lines = std::ranges::count(text.substr(0, text.find('\0')), '\n');
    return fail_at({.file = file, .line = static_cast<int>(lines) + 1},
                   "the file holds a NUL byte; it is no text file");
  }
  return PythonReader(text, file, earlier).read();
}

}  // namespace nephele::settings
