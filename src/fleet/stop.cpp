// SPDX-License-Identifier: Apache-2.0
#include "fleet/stop.h"

#include <algorithm>

namespace nephele::fleet {

namespace {

constexpr std::string_view blanks = " \t\r\n\v\f";

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

constexpr bool is_between(int code, int first, int last) noexcept {
  return code >= first && code <= last;
}

}  // namespace

std::optional<int> code_of(std::string_view message) noexcept {
  const auto begin = message.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return std::nullopt;
  message.remove_prefix(begin);
  if (message.size() < 3 || !std::ranges::all_of(message.substr(0, 3), is_digit)) return std::nullopt;
  if (message.size() > 3 && !blanks.contains(message[3])) return std::nullopt;
  return (message[0] - '0') * 100 + (message[1] - '0') * 10 + (message[2] - '0');
}

StopVerdict judge_stop(const Stop& stop, const StopRules& rules) {
  StopVerdict out{.code = code_of(stop.message)};
  const std::optional<seconds> life = stop.started ? std::optional(stop.stopped - *stop.started) : std::nullopt;
  out.accounted = life && *life >= rules.fizzle;
  if (out.code && is_between(*out.code, 300, 399)) out.hint = life;
  if (stop.by_us || (rules.last_abort && stop.stopped <= *rules.last_abort)) return out;
  if (out.code && is_between(*out.code, 300, 699)) {
    out.abort = Abort::message;
  } else if (life && *life < rules.fizzle &&
             !(out.code && std::ranges::count(rules.fizzle_ignores_codes, *out.code) > 0)) {
    out.abort = Abort::fizzle;
  }
  return out;
}

}  // namespace nephele::fleet
