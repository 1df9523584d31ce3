// SPDX-License-Identifier: Apache-2.0
#include "clouds/smtp/address.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/utf8.h"

namespace nephele::smtp {

namespace {

constexpr std::size_t mailbox_bytes_max = 254;  // RFC 5321 4.5.3.1.3 less the angle brackets
constexpr std::size_t local_bytes_max = 64;
constexpr std::size_t label_bytes_max = 63;
constexpr std::size_t name_bytes_max = 200;

bool is_control(char c) noexcept {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}
bool is_printable_ascii(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
}
bool is_letter_or_digit(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool is_atom_text(char c) noexcept {  // atext of RFC 5322
  return is_letter_or_digit(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").contains(c);
}

/// Atoms with a dot between each two.
template <class Good>
bool is_dotted(std::string_view text, Good good) {
  for (;;) {
    const auto dot = text.find('.');
    if (!good(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= label_bytes_max && label.front() != '-' && label.back() != '-' &&
         std::ranges::all_of(label, [](char c) { return is_letter_or_digit(c) || c == '-'; });
}

Result<std::string> unquoted(std::string_view text) {
  std::string name;
  text.remove_prefix(1);
  while (!text.empty() && text.front() != '"') {
    if (text.front() == '\\') text.remove_prefix(1);
    if (text.empty()) break;
    name += text.front();
    text.remove_prefix(1);
  }
  if (text != "\"") return fail(Kind::invalid, "the quotes around the name of a mail address do not close");
  return name;
}

}  // namespace

Result<> check_mailbox(std::string_view mailbox) {
  if (mailbox.empty()) return fail(Kind::invalid, "a mail address is empty");
  if (std::ranges::any_of(mailbox, is_control))
    return fail(Kind::invalid, "a mail address holds a line break or another control character");
  if (!is_printable_ascii(mailbox))
    return fail(Kind::invalid, "a mail address holds letters beyond ASCII; write its domain in the form xn--…");
  const auto refuse = [&](std::string_view why) {
    return fail(Kind::invalid, "\"" + std::string(mailbox.substr(0, mailbox_bytes_max)) +
                                   "\" is no mail address such as name@example.org: " + std::string(why));
  };
  if (mailbox.size() > mailbox_bytes_max) return refuse("it is longer than 254 characters");
  const auto at = mailbox.find('@');
  if (at == std::string_view::npos) return refuse("there is no @");
  const auto local = mailbox.substr(0, at);
  const auto domain = mailbox.substr(at + 1);
  if (local.size() > local_bytes_max) return refuse("what stands before the @ is longer than 64 characters");
  const auto is_atom = [](std::string_view atom) { return !atom.empty() && std::ranges::all_of(atom, is_atom_text); };
  if (!is_dotted(local, is_atom)) return refuse("what stands before the @ is not one plain name");
  if (!is_dotted(domain, is_label)) return refuse("what stands behind the @ is not one host name");
  return {};
}

Result<> check_header_text(std::string_view what, std::string_view text, std::size_t bytes_max) {
  const auto refuse = [&](std::string_view why) {
    return fail(Kind::invalid, "the " + std::string(what) + " of a mail " + std::string(why));
  };
  if (text.size() > bytes_max) return refuse("is longer than " + std::to_string(bytes_max) + " bytes");
  if (std::ranges::any_of(text, is_control)) return refuse("holds a line break or another control character");
  if (!is_utf8(text)) return refuse("is not UTF-8");
  return {};
}

Result<Address> parse_address(std::string_view text) {
  text = ascii::trimmed(text, " ");
  Address address;
  const auto open = text.rfind('<');
  if (open == std::string_view::npos) {
    address.mailbox = text;
  } else {
    if (!text.ends_with('>'))
      return fail(Kind::invalid, "a mail address has a < without its >; write Name <name@example.org>");
    address.mailbox = text.substr(open + 1, text.size() - open - 2);
    const auto name = ascii::trimmed(text.substr(0, open), " ");
    if (name.starts_with('"')) {
      TRY(address.name, unquoted(name));
    } else {
      address.name = name;
    }
  }
  TRY_VOID(check_mailbox(address.mailbox));
  TRY_VOID(check_header_text("name in an address", address.name, name_bytes_max));
  return address;
}

std::string_view domain_of(std::string_view mailbox) noexcept {
  return mailbox.substr(mailbox.find('@') + 1);
}

}  // namespace nephele::smtp
