// SPDX-License-Identifier: Apache-2.0
#include "runtimes/model.h"

namespace nephele::runtimes {
namespace {

constexpr std::array<std::string_view, 2> role_names{"FAAS", "DAAS"};
constexpr std::array<std::string_view, 4> state_names{"PENDING", "RUNNING", "UPDATING", "ERROR"};

template <class Enum, std::size_t n>
std::optional<Enum> named(const std::array<std::string_view, n>& names, std::string_view text) noexcept {
  for (std::size_t i = 0; i < n; ++i)
    if (names.at(i) == text) return static_cast<Enum>(i);
  return std::nullopt;
}

}  // namespace

std::string_view to_string(Role role) noexcept {
  return role_names.at(std::to_underlying(role));
}
std::optional<Role> role_from(std::string_view text) noexcept {
  return named<Role>(role_names, text);
}
std::string_view to_string(FunctionState state) noexcept {
  return state_names.at(std::to_underlying(state));
}
std::optional<FunctionState> function_state_from(std::string_view text) noexcept {
  return named<FunctionState>(state_names, text);
}

}  // namespace nephele::runtimes
