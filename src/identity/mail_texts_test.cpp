// SPDX-License-Identifier: Apache-2.0
#include "identity/mail_texts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <stdexcept>

#include "base/temp_directory.h"
#include "identity/mail_templates.h"

namespace nephele::identity {
namespace {

using testing::HasSubstr;
using testing::Not;

MailSite site() {
  return {.name = "My Cloud", .base_url = "https://cloud.example.org", .support = "help@example.org"};
}

MailValues values_of(MailKind kind) {
  MailValues values;
  std::istringstream names{std::string(MailTexts::names(kind))};
  for (std::string name; names >> name;) values[name] = "<" + name + ">";
  return values;
}

TEST(MailTexts, EachIsCompleteAndUsesAllThatItIsGiven) {
  const MailTexts texts(site());
  for (std::size_t i = 0; i < mail_kinds; ++i) {
    const auto kind = static_cast<MailKind>(i);
    SCOPED_TRACE(to_string(kind));
    ASSERT_EQ(mail_templates().at(i).kind, kind);
    const auto mail = texts.render(kind, values_of(kind));
    EXPECT_NE(mail.subject, "");
    for (const auto& [name, value] : values_of(kind)) EXPECT_THAT(mail.subject + mail.text, HasSubstr(value));
    EXPECT_THAT(mail.text, HasSubstr("\n-- \nMy Cloud  https://cloud.example.org\nQuestions: help@example.org\n"));
    EXPECT_THAT(mail.subject + mail.text, Not(HasSubstr("{{")));
    std::istringstream lines(mail.text);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
  }
}

TEST(MailTexts, SayWhatTheirReadersKnow) {
  const MailTexts texts(site());
  EXPECT_EQ(texts.render(MailKind::activation, {{"user", "Ada"}, {"url", "https://x/y?auth=1"}}).subject,
            "My Cloud account verification");
  EXPECT_THAT(texts.render(MailKind::activation, {{"user", "Ada"}, {"url", "https://x/y?auth=1"}}).text,
              testing::AllOf(HasSubstr("Dear Ada,\n"), HasSubstr("\n\nhttps://x/y?auth=1\n\n")));
  EXPECT_EQ(texts.render(MailKind::password_reset, values_of(MailKind::password_reset)).subject,
            "Password reset on My Cloud");
  EXPECT_EQ(texts.render(MailKind::welcome, values_of(MailKind::welcome)).subject, "Welcome to My Cloud");
  const auto pending = texts.render(MailKind::account_pending,
                                    {{"user", "Ada"}, {"email", "ada@x.org"}, {"id", "7"}, {"url", "https://x"}});
  EXPECT_EQ(pending.subject, "My Cloud account created (ada@x.org)");
  EXPECT_THAT(pending.text, HasSubstr("\nsnf-manage user-modify 7 --accept\n"));
}

TEST(MailTexts, AHostileNameStaysAName) {
  const MailTexts texts(site());
  const auto first_line = [&](const std::string& name) {
    const auto mail = texts.render(
        MailKind::feedback, {{"user", name}, {"email", "a@b"}, {"id", "1"}, {"message", "one\ntwo"}, {"data", ""}});
    return mail.text.substr(0, mail.text.find('\n'));
  };
  EXPECT_EQ(first_line("Eve\r\nBcc: all@example.org"), "Eve  Bcc: all@example.org (a@b, id 1) writes:");
  EXPECT_EQ(first_line("{{ site }}"), "{{ site }} (a@b, id 1) writes:");
  EXPECT_EQ(first_line("{{ message"), "{{ message (a@b, id 1) writes:");
  EXPECT_EQ(first_line("%s %(user)s %n"), "%s %(user)s %n (a@b, id 1) writes:");
  EXPECT_EQ(first_line("{} {0} {user}"), "{} {0} {user} (a@b, id 1) writes:");
  EXPECT_EQ(first_line("<script>&amp;"), "<script>&amp; (a@b, id 1) writes:");
  EXPECT_EQ(first_line(std::string("a\0b", 3)), "a b (a@b, id 1) writes:");
  EXPECT_EQ(first_line("\xFF\xC3"), "?? (a@b, id 1) writes:");
  EXPECT_EQ(first_line("$1 \\1 `id`"), "$1 \\1 `id` (a@b, id 1) writes:");
}

TEST(MailTexts, ASubjectIsOneShortLine) {
  const MailTexts texts(site());
  const auto subject = [&](std::string project) {
    auto values = values_of(MailKind::project_approved);
    values["project"] = std::move(project);
    return texts.render(MailKind::project_approved, values).subject;
  };
  EXPECT_EQ(subject("x\r\ny"), "My Cloud project application approved (x  y)");
  std::string greek;
  for (int i = 0; i < 500; ++i) greek += "λ";
  EXPECT_LE(subject(greek).size(), 250u);
  EXPECT_TRUE(subject(greek).ends_with("λ"));
  EXPECT_EQ(texts.render(MailKind::contact, {{"user", "u"}, {"subject", "a\nb"}, {"message", "m"}}).subject, "a b");
}

TEST(MailTexts, OnlyWhatSomebodyWroteAtLengthKeepsItsLines) {
  const MailTexts texts(site());
  const auto mail = texts.render(MailKind::contact, {{"user", "a\nb"}, {"subject", "s"}, {"message", "one\ntwo\r\n"}});
  EXPECT_THAT(mail.text, HasSubstr("Dear a b,\n"));
  EXPECT_THAT(mail.text, HasSubstr("\none\ntwo\n"));
}

TEST(MailTexts, AMissingValueIsABugOfTheCaller) {
  EXPECT_THROW((void)MailTexts(site()).render(MailKind::welcome, {{"user", "Ada"}}), std::logic_error);
}

TEST(MailTexts, ASiteMayReplaceThem) {
  const TempDirectory folder;
  folder.write("welcome.txt", "Subject: Καλώς ήρθες, {{user}}\r\n\r\nGo to {{ url }}.\n");
  folder.write("notes.md", "{{ anything }}");
  const auto texts = MailTexts::load(folder.path().string(), site());
  ASSERT_TRUE(texts) << texts.error().sentence();
  const auto mail = texts->render(MailKind::welcome, {{"user", "Ada"}, {"url", "https://x"}});
  EXPECT_EQ(mail.subject, "Καλώς ήρθες, Ada");
  EXPECT_EQ(mail.text, "Go to https://x.\n");
  EXPECT_EQ(texts->render(MailKind::contact, values_of(MailKind::contact)).text,
            MailTexts(site()).render(MailKind::contact, values_of(MailKind::contact)).text);
  EXPECT_TRUE(MailTexts::load("", site()));
}

TEST(MailTexts, AFileThatCannotBeUsedIsNamedWithItsLine) {
  const auto refused = [](std::string_view name, std::string_view content) {
    const TempDirectory folder;
    folder.write(name, content);
    const auto texts = MailTexts::load(folder.path().string(), site());
    return texts ? "taken" : texts.error().sentence().substr(folder.path().string().size() + 1);
  };
  EXPECT_THAT(refused("hello.txt", "Subject: x\n\ny"),
              HasSubstr("no mail has this name; there are activation, welcome"));
  EXPECT_EQ(refused("welcome.txt", "Hello\n\ny"), "welcome.txt:1: the first line is \"Subject: ...\"");
  EXPECT_EQ(refused("welcome.txt", "Subject: \n\ny"), "welcome.txt:1: the first line is \"Subject: ...\"");
  EXPECT_EQ(refused("welcome.txt", "Subject: x\nbody"), "welcome.txt:2: an empty line stands between subject and body");
  EXPECT_EQ(refused("welcome.txt", "Subject: x\n\n"), "welcome.txt:3: there is no body");
  EXPECT_EQ(refused("welcome.txt", "Subject: x\n\na\n{{ token }}"),
            "welcome.txt:4: this mail knows no \"token\"; it knows user url site baseurl support");
  EXPECT_EQ(refused("welcome.txt", "Subject: x\n\na {{ user"), "welcome.txt:3: a {{ without its }}");
  EXPECT_EQ(refused("welcome.txt", "Subject: x\n\n\xFF"), "welcome.txt: it is not UTF-8 text");
  EXPECT_EQ(refused("welcome.txt", "Subject: x\n\n" + std::string(70'000, 'x')),
            "welcome.txt: it is longer than 64 KiB");
  EXPECT_FALSE(MailTexts::load("/nonexistent/folder", site()));
}

}  // namespace
}  // namespace nephele::identity
