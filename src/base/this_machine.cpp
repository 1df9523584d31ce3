// SPDX-License-Identifier: Apache-2.0
#include "base/this_machine.h"

namespace nephele {

namespace {

constexpr std::string_view digits = "0123456789";

bool is_port(std::string_view text) noexcept {
  return text.empty() || (text.front() == ':' && text.find_first_not_of(digits, 1) == std::string_view::npos);
}

bool is_loopback_v4(std::string_view host) noexcept {
  int dots = 0;
  for (const char c : host) {
    if (c == '.')
      ++dots;
    else if (!digits.contains(c))
      return false;
  }
  return dots == 3 && host.starts_with("127.");
}

}  // namespace

bool is_this_machine(std::string_view address) noexcept {
  if (const auto scheme = address.find("://"); scheme != std::string_view::npos) address.remove_prefix(scheme + 3);
  address = address.substr(0, address.find_first_of("/?#\\"));
  constexpr std::string_view v6 = "::1", bracketed = "[::1]";
  if (address == v6) return true;
  if (address.starts_with(bracketed)) return is_port(address.substr(bracketed.size()));
  const auto host = address.substr(0, address.find(':'));
  return (host == "localhost" || is_loopback_v4(host)) && is_port(address.substr(host.size()));
}

}  // namespace nephele
