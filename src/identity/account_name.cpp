// SPDX-License-Identifier: Apache-2.0
#include "identity/account_name.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "base/utf8.h"
#include "identity/model.h"

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
  return ascii::lowered(name);
}

Result<> check_label(std::string_view what, std::string_view name) {
  constexpr std::size_t label_bytes_max = 255;
  if (name.find_first_not_of(' ') == std::string_view::npos)
    return fail(Kind::invalid, fmt::format("a {} needs a name", what));
  if (name.find_first_of("\n\r\t") != std::string_view::npos)
    return fail(Kind::invalid, fmt::format("the name of the {} has more than one line; leave line ends out", what));
  return check_text(fmt::format("name of the {}", what), name, label_bytes_max);
}

std::optional<std::string> label_key(std::string_view name) {
  if (!check_label("thing", name)) return std::nullopt;
  return ascii::lowered(name);
}

std::optional<std::string> sign_in_key(std::string_view domain, std::string_view name) {
  auto key = name_key(name);
  if (key && domain != default_domain) key->insert(0, std::string(domain).append(domain_mark));
  return key;
}

Result<> check_email(std::string_view email) {
  constexpr std::size_t email_bytes_max = 254;  // RFC 5321, 4.5.3.1.3, without the angle brackets
  if (email.empty()) return {};
  const auto refuse = [](std::string sentence) { return fail(Kind::invalid, std::move(sentence)); };
  if (email.size() > email_bytes_max)
    return refuse(
        fmt::format("the e-mail address has {} bytes; take one of at most {}", email.size(), email_bytes_max));
  const auto at = email.rfind('@');
  if (!is_utf8(email) || has_control(email) || email.find_first_of(" ,;<>()\"\\") != std::string_view::npos ||
      at == std::string_view::npos || at == 0 || at + 1 == email.size() || email.find('@') != at)
    return refuse("this is no e-mail address; write it as name@example.org");
  return {};
}

Result<> check_text(std::string_view what, std::string_view text, std::size_t bytes_max) {
  if (text.size() > bytes_max)
    return fail(Kind::invalid, fmt::format("the {} has {} bytes; take at most {}", what, text.size(), bytes_max));
  std::string lines(text);
  std::erase_if(lines, [](char c) { return c == '\n' || c == '\r' || c == '\t'; });
  if (!is_utf8(text) || has_control(lines))
    return fail(Kind::invalid, fmt::format("the {} is not UTF-8 or holds control characters; leave them out", what));
  return {};
}

}  // namespace nephele::identity
