// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "base/settings/config_parser.h"

namespace nephele::settings {

namespace {

constexpr int references_max = 10;                  // deep, as in Python
constexpr std::size_t value_bytes_max = 1U << 20U;  // wide: ten levels of twenty references each would fill a disk

}  // namespace

/// Replaces `%%` and `%(name)s` in one option's value by the rules of Python's BasicInterpolation.
struct ConfigParser::Expansion {
  const ConfigParser& parser;
  const Section& section;
  const Option& option;
  std::string out;

  std::unexpected<Error> refuse(const std::string& why) const {
    return fail_at(option.place, fmt::format("{}: {}", option.spelled, why));
  }

  Result<> expand(std::string_view rest, int depth) {
    if (depth > references_max) return refuse("its references go more than ten deep; do they run in a circle?");
    while (!rest.empty()) {
      const std::size_t percent = std::min(rest.find('%'), rest.size());
      out += rest.substr(0, percent);
      if (out.size() > value_bytes_max) return refuse("its references grow too long");
      rest.remove_prefix(percent);
      if (rest.empty()) break;
      if (rest.starts_with("%%")) {
        out += '%';
        rest.remove_prefix(2);
        continue;
      }
      const std::size_t close = rest.find(')');
      if (!rest.starts_with("%(") || close == std::string_view::npos || close == 2 ||
          !rest.substr(close).starts_with(")s"))
        return refuse("'%' must be followed by '%' or '(name)s'; write %% for a percent sign");
      const std::string name = ascii::lowered(rest.substr(2, close - 2));
      rest.remove_prefix(close + 2);
      const Option* found = parser.visible(section, name);
      if (found == nullptr)
        return refuse(fmt::format("%({})s names an option that is not in [{}] or [DEFAULT]", name, section.name));
      TRY_VOID(expand(found->value, depth + 1));
    }
    return {};
  }
};

const ConfigParser::Option* ConfigParser::visible(const Section& section, std::string_view name) const {
  for (const Section* part : {&section, &defaults_}) {
    const auto found = std::ranges::find(part->options, name, &Option::name);
    if (found != part->options.end()) return &*found;
  }
  return nullptr;
}

Result<std::string> ConfigParser::expanded(const Section& section, const Option& option) const {
  if (dialect_ == Dialect::python2_raw) return option.value;
  Expansion expansion{.parser = *this, .section = section, .option = option, .out = {}};
  TRY_VOID(expansion.expand(option.value, 1));
  return std::move(expansion.out);
}

}  // namespace nephele::settings
