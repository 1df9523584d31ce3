// SPDX-License-Identifier: Apache-2.0
#include "manage/filter.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/settings/settings.h"

namespace nephele::manage {

namespace {

struct Sign {
  std::string_view text;
  Op op;
};
/// Longer ones first: ">=" begins as ">" does.
constexpr std::array signs{Sign{"!=", Op::unequal}, Sign{">=", Op::greater_equal}, Sign{"<=", Op::less_equal},
                           Sign{"=", Op::equal},    Sign{">", Op::greater},        Sign{"<", Op::less}};

Result<Condition> condition_from(std::string_view text, std::span<const Column> columns) {
  const std::size_t at = text.find_first_of("!=<>");
  const auto sign = at == std::string_view::npos ? signs.end() : std::ranges::find_if(signs, [&](const Sign& each) {
    return text.substr(at).starts_with(each.text);
  });
  if (sign == signs.end())
    return fail(Kind::invalid, fmt::format("the filter \"{}\" has no operator; write KEY=VALUE, or !=, >, >=, <, <=",
                                           text.substr(0, 80)));
  const std::string name(ascii::trimmed(text.substr(0, at)));
  const auto column = std::ranges::find(columns, name, &Column::name);
  if (column == columns.end()) {
    std::vector<std::string> names;
    for (const Column& each : columns) names.push_back(each.name);
    const auto near = settings::did_you_mean(name, names);
    return fail(Kind::invalid,
                fmt::format("there is no filter \"{}\"; {}", name.substr(0, 80),
                            near ? "did you mean " + *near + "?" : "--list-filters shows those that are"));
  }
  auto value = value_from(column->type, ascii::trimmed(text.substr(at + sign->text.size())));
  if (!value) return fail(Kind::invalid, fmt::format("the filter on {}: {}", name, value.error().sentence()));
  return Condition{
      .column = static_cast<std::size_t>(column - columns.begin()), .op = sign->op, .value = std::move(*value)};
}

bool is(Op op, std::partial_ordering order) noexcept {
  switch (op) {
    case Op::equal:
      return order == 0;
    case Op::unequal:
      return order != 0;
    case Op::greater:
      return order > 0;
    case Op::greater_equal:
      return order >= 0;
    case Op::less:
      return order < 0;
    case Op::less_equal:
      return order <= 0;
  }
  return false;
}

}  // namespace

Result<Filters> Filters::parse(std::string_view text, std::span<const Column> columns) {
  Filters filters;
  filters.columns_ = columns;
  while (!ascii::trimmed(text).empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    TRY(auto condition, condition_from(ascii::trimmed(text.substr(0, comma)), columns));
    filters.conditions_.push_back(std::move(condition));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return filters;
}

std::optional<Value> Filters::take(std::string_view column, Op op) {
  const auto found = std::ranges::find_if(
      conditions_, [&](const Condition& each) { return each.op == op && columns_[each.column].name == column; });
  if (found == conditions_.end()) return std::nullopt;
  Value value = std::move(found->value);
  conditions_.erase(found);
  return value;
}

bool holds(const Value& found, Op op, const Value& wanted) {
  if (const auto* list = std::get_if<std::vector<std::string>>(&found)) {
    const auto* item = std::get_if<std::string>(&wanted);
    const bool has = item == nullptr ? list->empty() : std::ranges::find(*list, *item) != list->end();
    return op == Op::equal ? has : op == Op::unequal && !has;
  }
  if (found.index() != wanted.index()) return op == Op::unequal;  // one of them is nothing
  if (std::holds_alternative<std::monostate>(found)) return op == Op::equal;
  return is(op, found <=> wanted);
}

}  // namespace nephele::manage
