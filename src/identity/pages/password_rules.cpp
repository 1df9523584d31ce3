// SPDX-License-Identifier: Apache-2.0
#include "identity/pages/password_rules.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/ascii.h"
#include "identity/account_name.h"

namespace nephele::identity::pages {

namespace {

/// Those of at least eight characters at the head of the published lists of stolen passwords.
constexpr std::array<std::string_view, 40> common{
    "12345678", "123456789", "1234567890",    "password", "password1",  "password123", "passw0rd",  "p@ssw0rd",
    "qwertyui", "qwerty123", "qwertyuiop",    "1q2w3e4r", "1q2w3e4r5t", "iloveyou",    "sunshine",  "princess",
    "football", "baseball",  "welcome1",      "superman", "trustno1",   "starwars",    "whatever",  "computer",
    "internet", "michelle",  "jennifer",      "abcd1234", "abc12345",   "asdfghjk",    "asdfghjkl", "zxcvbnm1",
    "letmein1", "changeme",  "administrator", "admin123", "secret123",  "dragon123",   "monkey123", "87654321"};

}  // namespace

std::optional<std::string> weakness(const Secret& password, const std::vector<std::string>& about) {
  if (const auto good = check_password(password); !good) return good.error().sentence();
  const std::string text = ascii::lowered(password.reveal());
  if (std::ranges::find(common, text) != common.end() || text.find_first_not_of(text.front()) == std::string::npos)
    return "this password is among the first that others try; take another one";
  for (const auto& known : about) {
    const std::string other = ascii::lowered(known);
    if (!other.empty() && (text == other || text == other.substr(0, other.find('@'))))
      return "the password is your own name or address; take another one";
  }
  return std::nullopt;
}

}  // namespace nephele::identity::pages
