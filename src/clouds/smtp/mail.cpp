// SPDX-License-Identifier: Apache-2.0
#include "clouds/smtp/mail.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/secret.h"
#include "base/utf8.h"
#include "clouds/smtp/encoding.h"

namespace nephele::smtp {

namespace {

constexpr std::size_t recipients_max = 100;
constexpr std::size_t subject_bytes_max = 500;
constexpr std::size_t name_bytes_max = 200;
constexpr std::size_t body_bytes_max = std::size_t{256} * 1024;

Result<> check(const Address& address) {
  TRY_VOID(check_mailbox(address.mailbox));
  return check_header_text("name in an address", address.name, name_bytes_max);
}

Result<> check_body(std::string_view text) {
  if (text.size() > body_bytes_max) return fail(Kind::invalid, "the text of a mail is longer than 256 KiB");
  if (!is_utf8(text)) return fail(Kind::invalid, "the text of a mail is not UTF-8");
  if (text.contains('\0')) return fail(Kind::invalid, "the text of a mail holds a NUL");
  return {};
}

std::string written(const Address& address) {
  if (address.name.empty()) return address.mailbox;
  return fmt::format("{} <{}>", header_phrase(address.name), address.mailbox);
}

std::string written(const std::vector<Address>& list) {
  std::string out;
  for (const auto& address : list) {
    if (!out.empty()) out += ",\r\n ";
    out += written(address);
  }
  return out;
}

/// http_date() says GMT, which RFC 5322 calls obsolete.
std::string mail_date(Time date) {
  std::string text = http_date(date);
  text.replace(text.size() - 3, 3, "+0000");
  return text;
}

/// Headers of one body, an empty line and the body, in the shortest of three encodings that carries it.
std::string part(std::string_view type, std::string_view text) {
  const std::string lines = with_crlf(text);
  std::string encoding = "7bit";
  std::string body = lines;
  if (!is_short_ascii(lines)) {
    encoding = "quoted-printable";
    body = quoted_printable(lines);
    if (const std::string other = base64_lines(lines); other.size() < body.size()) {
      encoding = "base64";
      body = other;
    }
  }
  return fmt::format("Content-Type: {}; charset=utf-8\r\nContent-Transfer-Encoding: {}\r\n\r\n{}", type, encoding,
                     body);
}

std::string bodies(const Mail& mail) {
  if (mail.html.empty()) return part("text/plain", mail.text);
  // From what it separates, so that the same mail stays the same; nobody can write text that holds its own hash.
  const std::string border = "=_" + sha256_hex(mail.message_id + '\0' + mail.text + '\0' + mail.html).substr(0, 40);
  return fmt::format(
      "Content-Type: multipart/alternative; boundary=\"{0}\"\r\n\r\n--{0}\r\n{1}\r\n--{0}\r\n{2}\r\n--{0}--\r\n",
      border, part("text/plain", mail.text), part("text/html", mail.html));
}

}  // namespace

Result<> check(const Mail& mail) {
  TRY_VOID(check(mail.from));
  if (mail.to.empty()) return fail(Kind::invalid, "a mail has no recipient");
  if (mail.to.size() > recipients_max) return fail(Kind::invalid, "a mail has more than 100 recipients");
  for (const auto& to : mail.to) {
    if (auto good = check(to); !good) return fail(std::move(good).error().with("recipient", to.mailbox));
  }
  if (mail.reply_to) {
    TRY_VOID(check(*mail.reply_to));
  }
  TRY_VOID(check_header_text("subject", mail.subject, subject_bytes_max));
  if (!check_mailbox(mail.message_id)) return fail(Kind::invalid, "a mail has no message id such as UUID@example.org");
  TRY_VOID(check_body(mail.text));
  return check_body(mail.html);
}

Result<std::string> compose(const Mail& mail) {
  TRY_VOID(check(mail));
  std::string out =
      fmt::format("Date: {}\r\nFrom: {}\r\nTo: {}\r\n", mail_date(mail.date), written(mail.from), written(mail.to));
  if (mail.reply_to) out += fmt::format("Reply-To: {}\r\n", written(*mail.reply_to));
  out += fmt::format("Subject: {}\r\nMessage-ID: <{}>\r\n", header_text(mail.subject), mail.message_id);
  if (mail.automatic) out += "Auto-Submitted: auto-generated\r\n";
  out += "MIME-Version: 1.0\r\n";
  return out + bodies(mail);
}

std::string new_message_id(const Address& from) {
  return random_uuid() + "@" + std::string(domain_of(from.mailbox));
}

}  // namespace nephele::smtp
