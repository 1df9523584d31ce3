// SPDX-License-Identifier: Apache-2.0
#include "base/settings/python_arithmetic.h"

#include <fmt/format.h>

#include <cmath>

namespace nephele::settings {

namespace {

Result<Node> whole(const Place& place, std::int64_t a, std::int64_t b, char op) {
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

}  // namespace

Result<Node> arithmetic(const Place& place, const Node& left, const Node& right, char op) {
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

}  // namespace nephele::settings
