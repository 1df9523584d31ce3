// SPDX-License-Identifier: Apache-2.0
#include "clouds/ldap/text.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/secret.h"

namespace nephele::ldap {

namespace {

std::string hex_escape(char c) {
  return "\\" + to_hex(std::string_view(&c, 1));
}

}  // namespace

std::string escape_filter(std::string_view value) {
  std::string out;
  for (const char c : value) {
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    if (control || std::string_view("*()\\/").contains(c)) {  // the slash for Active Directory
      out += hex_escape(c);
    } else {
      out += c;
    }
  }
  return out;
}

std::string escape_dn(std::string_view value) {
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    const bool first = i == 0;
    const bool last = i + 1 == value.size();
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += hex_escape(c);
    } else if (std::string_view("\"+,;<>\\=").contains(c) || (c == ' ' && (first || last)) || (c == '#' && first)) {
      out += {'\\', c};
    } else {
      out += c;
    }
  }
  return out;
}

Result<std::string> fill_in(std::string_view pattern, std::string_view user, Escape escape) {
  constexpr std::string_view variable = "%(user)s";
  std::string out;
  while (!pattern.empty()) {
    if (pattern.starts_with(variable)) {
      out += escape(user);
      pattern.remove_prefix(variable.size());
    } else if (pattern.starts_with("%%")) {
      out += '%';
      pattern.remove_prefix(2);
    } else if (pattern.front() == '%') {
      return fail(Kind::invalid,
                  "a filter or template of the directory may use % only as %(user)s; a percent sign is %%");
    } else {
      out += pattern.front();
      pattern.remove_prefix(1);
    }
  }
  return out;
}

std::string guid_text(std::string_view bytes) {
  if (bytes.size() != 16) return {};
  static constexpr std::array<std::size_t, 16> order{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
  std::string out;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += to_hex(bytes.substr(order.at(i), 1));
  }
  return out;
}

bool same_name(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, {}, ascii::lower, ascii::lower);
}

}  // namespace nephele::ldap
