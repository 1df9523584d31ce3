// SPDX-License-Identifier: Apache-2.0
#include "identity/account_name.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"

namespace nephele::identity {

namespace {

bool is_control(char32_t c) noexcept {
  return c < 0x20 || (c >= 0x7F && c < 0xA0);
}

bool has_control(std::string_view text) {
  while (!text.empty()) {
    if (is_control(utf8_code_point(text))) return true;
    text.remove_prefix(utf8_sequence(text));
  }
  return false;
}

char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

Result<> check_name(std::string_view name) {
  const auto refuse = [](std::string sentence) { return fail(Kind::invalid, std::move(sentence)); };
  if (name.empty()) return refuse("an account needs a name");
  if (name.size() > name_bytes_max)
    return refuse(fmt::format("the name has {} bytes; take one of at most {}", name.size(), name_bytes_max));
  if (!is_utf8(name)) return refuse("the name is not UTF-8; write it in another encoding");
  if (has_control(name)) return refuse("the name holds a control character; leave it out");
  if (name.contains(':')) return refuse("the name holds a colon, where HTTP Basic would cut it; leave it out");
  return {};
}

Result<> check_password(const Secret& password) {
  const std::size_t bytes = password.reveal().size();
  if (bytes < password_bytes_min)
    return fail(Kind::invalid, fmt::format("the password is too short; take at least {} bytes", password_bytes_min));
  if (bytes > password_bytes_max)
    return fail(Kind::invalid, fmt::format("the password is too long; take at most {} bytes", password_bytes_max));
  return {};
}

std::optional<std::string> name_key(std::string_view name) {
  if (!check_name(name)) return std::nullopt;
  std::string key(name);
  std::ranges::transform(key, key.begin(), to_lower);
  return key;
}

}  // namespace nephele::identity
