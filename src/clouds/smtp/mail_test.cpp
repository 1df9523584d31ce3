// SPDX-License-Identifier: Apache-2.0
#include "clouds/smtp/mail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <stdexcept>

#include "base/json.h"
#include "base/temp_directory.h"
#include "clouds/smtp/encoding.h"

namespace nephele::smtp {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using testing::HasSubstr;
using testing::Not;

Mail greeting() {
  return {.from = {"Nephele", "cloud@example.org"},
          .to = {{"", "ada@example.org"}},
          .subject = "Welcome",
          .text = "Hello Ada,\nyour account is ready.\n",
          .message_id = "0f@example.org",
          .date = Time{std::chrono::milliseconds{1'772'366'400'000}}};
}

/// What Python's own parser makes of a message: its strict modern policy, which also collects defects.
json::Value read_by_python(const std::string& message) {
  static constexpr std::string_view program = R"py(
import email, email.header, email.policy, email.utils, json, sys
old = email.message_from_binary_file(open(sys.argv[1], "rb"))
mail = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
parts = [p for p in mail.walk() if not p.is_multipart()]
def people(name):  # by the older parser: the newer one puts blanks between the encoded words of a name
    raw = [old[name].replace("\r\n ", " ")] if old[name] else []
    return [[str(email.header.make_header(email.header.decode_header(n))), a] for n, a in email.utils.getaddresses(raw)]
print(json.dumps({
    "from": people("From"), "to": people("To"), "reply_to": people("Reply-To"), "subject": mail["Subject"],
    "id": mail["Message-ID"], "date": mail["Date"].datetime.isoformat(), "headers": mail.keys(),
    "types": [p.get_content_type() for p in parts], "bodies": [p.get_content().replace("\r\n", "\n") for p in parts],
    "defects": [str(d) for p in mail.walk() for d in p.defects] + [str(d) for h in mail.values() for d in h.defects]}))
)py";
  const TempDirectory folder;
  const auto script = folder.write("read.py", program);
  const auto file = folder.write("mail.eml", message);
  const std::string command = "/usr/bin/python3 -B '" + script + "' '" + file + "'";
  std::FILE* const out = ::popen(command.c_str(), "re");  // NOLINT(cert-env33-c): a fixed command
  if (out == nullptr) throw std::runtime_error("no Python");
  std::string text;
  std::array<char, 4096> block{};
  for (std::size_t n = 0; (n = std::fread(block.data(), 1, block.size(), out)) > 0;) text.append(block.data(), n);
  EXPECT_EQ(::pclose(out), 0) << message;
  return json::parse(text).value();
}

std::string text_at(const json::Value& value, std::string_view name, std::size_t i = 0, std::size_t j = 0) {
  const json::Value* at = value.at_path({name});
  if (const auto* list = at->if_array()) at = &list->at(i);
  if (const auto* pair = at->if_array()) at = &pair->at(j);
  return *at->if_string();
}

TEST(Mail, APlainOneLooksAsEverybodyExpects) {
  EXPECT_EQ(compose(greeting()).value(),
            "Date: Sun, 01 Mar 2026 12:00:00 +0000\r\n"
            "From: \"Nephele\" <cloud@example.org>\r\n"
            "To: ada@example.org\r\n"
            "Subject: Welcome\r\n"
            "Message-ID: <0f@example.org>\r\n"
            "Auto-Submitted: auto-generated\r\n"
            "MIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: 7bit\r\n"
            "\r\n"
            "Hello Ada,\r\nyour account is ready.\r\n");
}

TEST(Mail, WhatIsWrittenIsWhatAnotherProgramReads) {
  const std::array<std::string, 10> texts{
      "plain",
      "Grüße an Zoë",
      "Καλώς ορίσατε στο ~okeanos, η εγγραφή σας ολοκληρώθηκε με επιτυχία και μπορείτε να συνδεθείτε",
      "a \"quoted\" \\ name, with <brackets>; and: (comments)",
      "=?UTF-8?Q?looks_encoded?=",
      "100 % of {{user}} & %(name)s",
      std::string(150, 'x') + " " + std::string(150, 'y'),
      "日本語の件名" + std::string(30, '-') + "😀😀😀😀😀😀😀😀😀😀😀😀",
      "two  blanks",
      "trailing=20"};
  for (const auto& text : texts) {
    Mail mail = greeting();
    mail.from.name = text.size() > 200 ? "long" : text;
    mail.to = {{mail.from.name, "ada@example.org"}, {"", "bob+tag@sub.example.org"}};
    mail.reply_to = Address{mail.from.name, "reply@example.org"};
    mail.subject = text;
    mail.text = text + "\n\n.\n..dots\nFrom the start \nend" + std::string(300, 'z');
    mail.html = "<p>" + text + "</p>";
    const auto message = compose(mail).value();
    const auto read = read_by_python(message);
    SCOPED_TRACE(message);
    EXPECT_TRUE(read.at_path({"defects"})->if_array()->empty());
    EXPECT_EQ(text_at(read, "subject"), text);
    EXPECT_EQ(text_at(read, "from", 0, 0), mail.from.name);
    EXPECT_EQ(text_at(read, "from", 0, 1), "cloud@example.org");
    EXPECT_EQ(text_at(read, "to", 0, 0), mail.from.name);
    EXPECT_EQ(text_at(read, "to", 1, 1), "bob+tag@sub.example.org");
    EXPECT_EQ(text_at(read, "reply_to", 0, 1), "reply@example.org");
    EXPECT_EQ(text_at(read, "id"), "<0f@example.org>");
    EXPECT_EQ(text_at(read, "date"), "2026-03-01T12:00:00+00:00");
    EXPECT_EQ(text_at(read, "types", 0), "text/plain");
    EXPECT_EQ(text_at(read, "types", 1), "text/html");
    EXPECT_EQ(text_at(read, "bodies", 0), mail.text + "\n");
    EXPECT_EQ(text_at(read, "bodies", 1), mail.html + "\n");
    EXPECT_THAT(message, Not(testing::ContainsRegex("[^\r]\n")));
    for (std::size_t at = 0; at < message.size();) {
      const auto end = message.find("\r\n", at);
      EXPECT_LE(end - at, 300u) << "a name beside an address is the longest line";
      at = end + 2;
    }
  }
}

TEST(Mail, TheSameMailIsTheSameBytes) {
  Mail mail = greeting();
  mail.html = "<b>Grüße</b>";
  EXPECT_EQ(compose(mail).value(), compose(mail).value());
}

TEST(Mail, NoLineBreakComesIntoAHeader) {
  const std::array<std::string, 8> attacks{"x\r\nBcc: all@example.org",
                                           "x\nBcc: all@example.org",
                                           "x\rBcc: y",
                                           "x\0y"s,
                                           "x\r\n\r\nbody",
                                           "\n",
                                           "\x7F",
                                           "\x1B["};
  for (const auto& attack : attacks) {
    for (const int place : {0, 1, 2, 3, 4, 5, 6, 7}) {
      Mail mail = greeting();
      mail.reply_to = Address{"n", "r@example.org"};
      std::array<std::string*, 8> fields{&mail.from.name,     &mail.from.mailbox,   &mail.to[0].name,
                                         &mail.to[0].mailbox, &mail.reply_to->name, &mail.reply_to->mailbox,
                                         &mail.subject,       &mail.message_id};
      *fields.at(static_cast<std::size_t>(place)) += attack;
      const auto composed = compose(mail);
      ASSERT_FALSE(composed) << place << *composed;
      EXPECT_EQ(composed.error().kind(), Kind::invalid);
      EXPECT_THAT(composed.error().sentence(), Not(testing::ContainsRegex("[\r\n]")));
    }
  }
}

TEST(Mail, WhatCannotBeSentIsRefusedInWords) {
  const auto refused = [](auto change) {
    Mail mail = greeting();
    change(mail);
    const auto composed = compose(mail);
    return composed ? std::string("taken") : composed.error().sentence();
  };
  EXPECT_THAT(refused([](Mail& m) { m.to.clear(); }), HasSubstr("no recipient"));
  EXPECT_THAT(refused([](Mail& m) { m.to.assign(101, {"", "a@b"}); }), HasSubstr("more than 100"));
  EXPECT_THAT(refused([](Mail& m) { m.subject = "\xFF"; }), HasSubstr("not UTF-8"));
  EXPECT_THAT(refused([](Mail& m) { m.subject = std::string(501, 'x'); }), HasSubstr("longer than 500"));
  EXPECT_THAT(refused([](Mail& m) { m.to[0].name = std::string(201, 'x'); }), HasSubstr("longer than 200"));
  EXPECT_THAT(refused([](Mail& m) { m.text = "a\0b"s; }), HasSubstr("NUL"));
  EXPECT_THAT(refused([](Mail& m) { m.html = "\xC3"; }), HasSubstr("not UTF-8"));
  EXPECT_THAT(refused([](Mail& m) { m.text = std::string(262'145, 'x'); }), HasSubstr("256 KiB"));
  EXPECT_THAT(refused([](Mail& m) { m.message_id = "none"; }), HasSubstr("message id"));
}

TEST(MailAddress, OneMailboxAndNothingElse) {
  for (const std::string_view good :
       {"a@b", "root@localhost", "ada.lovelace+tag@mail.example.org", "o'neil_%x!y@x-1.org", "a@xn--bcher-kva.example"})
    EXPECT_TRUE(check_mailbox(good)) << good;
  const std::string long_local = std::string(65, 'x') + "@b";
  const std::string long_label = "a@" + std::string(64, 'x') + ".org";
  const std::string long_all = "a@" + std::string(60, 'x') + "." + std::string(60, 'x') + "." + std::string(60, 'x') +
                               "." + std::string(60, 'x') + "." + std::string(60, 'x');
  for (const std::string_view bad : {""sv,
                                     "a"sv,
                                     "@b"sv,
                                     "a@"sv,
                                     "a@b@c"sv,
                                     "a b@c"sv,
                                     "a@b c"sv,
                                     "<a@b>"sv,
                                     "@x.org:a@b"sv,
                                     "@x,@y:a@b"sv,
                                     "a@b,c@d"sv,
                                     "a@b;c@d"sv,
                                     ".a@b"sv,
                                     "a.@b"sv,
                                     "a..b@c"sv,
                                     "a@b."sv,
                                     "a@.b"sv,
                                     "a@-b"sv,
                                     "a@b-"sv,
                                     "a@b_c"sv,
                                     "\"a b\"@c"sv,
                                     "a(c)@b"sv,
                                     "a@[127.0.0.1]"sv,
                                     "jörg@b"sv,
                                     "a@bücher.de"sv,
                                     "a@b\n"sv,
                                     "a@b>\r\nDATA"sv,
                                     std::string_view(long_local),
                                     std::string_view(long_label),
                                     std::string_view(long_all)})
    EXPECT_FALSE(check_mailbox(bad)) << bad;
}

TEST(MailAddress, SettingsMayNameTheOwner) {
  const auto shown = [](std::string_view text) {
    const auto address = parse_address(text);
    return address ? address->name + "|" + address->mailbox : "refused";
  };
  EXPECT_EQ(shown("a@b.org"), "|a@b.org");
  EXPECT_EQ(shown(" <a@b.org> "), "|a@b.org");
  EXPECT_EQ(shown("My Cloud <a@b.org>"), "My Cloud|a@b.org");
  EXPECT_EQ(shown("\"Cloud, \\\"Inc\\\"\" <a@b.org>"), "Cloud, \"Inc\"|a@b.org");
  EXPECT_EQ(shown("Grüße <a@b.org>"), "Grüße|a@b.org");
  for (const char* bad : {"", "Cloud", "Cloud <a@b", "Cloud a@b>", "\"Cloud <a@b>", "a@b, c@d", "x\n <a@b>"})
    EXPECT_EQ(shown(bad), "refused") << bad;
}

TEST(MailEncoding, EachEncodedWordHoldsWholeCharacters) {
  const std::string text = "aé日😀";
  std::string all;
  for (int i = 0; i < 40; ++i) all += text;
  const std::string words = header_text(all);
  for (std::size_t at = 0; at < words.size();) {
    const auto end = std::min(words.find("\r\n ", at), words.size());
    EXPECT_LE(end - at, 75u);
    at = end + 3;
  }
  Mail mail = greeting();
  mail.subject = all.substr(0, all.size() / 2);
  EXPECT_EQ(text_at(read_by_python(compose(mail).value()), "subject"), mail.subject);
}

TEST(MailEncoding, EveryLineEndBecomesOne) {
  EXPECT_EQ(with_crlf("a\nb\r\nc\rd"), "a\r\nb\r\nc\r\nd\r\n");
  EXPECT_EQ(with_crlf("\r\r\n\n"), "\r\n\r\n\r\n");
  EXPECT_EQ(with_crlf(""), "");
}

TEST(MailEncoding, ALongLineIsBrokenSoftlyAndALastBlankIsWritten) {
  const std::string quoted = quoted_printable("x " + std::string(200, '=') + "\r\nend \r\n");
  EXPECT_THAT(quoted, HasSubstr("end=20\r\n"));
  for (std::size_t at = 0; at < quoted.size();) {
    const auto end = quoted.find("\r\n", at);
    EXPECT_LE(end - at, 76u);
    at = end + 2;
  }
}

}  // namespace
}  // namespace nephele::smtp
