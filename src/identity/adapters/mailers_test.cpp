// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "base/settings/config_files.h"
#include "base/temp_directory.h"
#include "base/test_run.h"
#include "clouds/smtp/exim.h"
#include "identity/adapters/folder_mailer.h"
#include "identity/adapters/open_mailer.h"

namespace nephele::identity {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Mail mail(std::int64_t ms, std::string id) {
  return {.from = {"Cloud", "cloud@example.org"},
          .to = {"Ada", "ada@example.org"},
          .reply_to = MailAddress{"", "reply@example.org"},
          .subject = "Welcome",
          .text = "Hello.\n",
          .message_id = std::move(id),
          .date = Time{std::chrono::milliseconds{1'772'366'400'000 + ms}}};
}

Result<> send(Mailer& mailer, Mail letter) {
  return run_to_end(Task<Result<>>(mailer.send(std::move(letter))));
}

std::vector<std::string> files_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

TEST(FolderMailer, WritesOneFileForEachThatSortsByTime) {
  const TempDirectory data;
  const auto mailer = FolderMailer::open(data / "a/mail").value();
  EXPECT_TRUE(send(*mailer, mail(250, "bbb@example.org")));
  EXPECT_TRUE(send(*mailer, mail(0, "ccc@example.org")));
  EXPECT_TRUE(send(*mailer, mail(1'000, "aaa@example.org")));
  EXPECT_TRUE(send(*mailer, mail(0, "ccc@example.org"))) << "again: the same file";
  EXPECT_THAT(files_in(data / "a/mail"), ElementsAre("2026-03-01T120000.000Z-ccc.eml", "2026-03-01T120000.250Z-bbb.eml",
                                                     "2026-03-01T120001.000Z-aaa.eml"));
  const auto text = data.read("a/mail/2026-03-01T120000.000Z-ccc.eml");
  EXPECT_THAT(text, HasSubstr("To: \"Ada\" <ada@example.org>\r\n"));
  EXPECT_THAT(text, HasSubstr("Reply-To: reply@example.org\r\n"));
  EXPECT_TRUE(text.ends_with("\r\n\r\nHello.\r\n"));
  struct stat about{};
  ASSERT_EQ(::stat((data / "a/mail/2026-03-01T120000.000Z-ccc.eml").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
  ASSERT_EQ(::stat((data / "a/mail").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0700U);
}

TEST(FolderMailer, AMessageIdIsNoPath) {
  const TempDirectory data;
  const auto mailer = FolderMailer::open(data / "mail").value();
  EXPECT_TRUE(send(*mailer, mail(0, "/x/y@example.org")));
  EXPECT_THAT(files_in(data / "mail"), ElementsAre("2026-03-01T120000.000Z-_x_y.eml"));
}

TEST(FolderMailer, WhatNoRelayWouldTakeIsRefusedHereToo) {
  const TempDirectory data;
  const auto mailer = FolderMailer::open(data / "mail").value();
  Mail letter = mail(0, "x@example.org");
  letter.subject = "x\r\nBcc: eve@example.org";
  EXPECT_EQ(send(*mailer, letter).error().kind(), Kind::invalid);
  EXPECT_THAT(files_in(data / "mail"), ElementsAre());
}

TEST(FolderMailer, AFolderThatGoesIsUnavailableUntilItIsThere) {
  const TempDirectory data;
  EXPECT_EQ(FolderMailer::open(data.write("file", "") + "/mail").error().kind(), Kind::unavailable);
  const auto mailer = FolderMailer::open(data / "mail").value();
  std::filesystem::remove(data / "mail");
  EXPECT_EQ(send(*mailer, mail(0, "x@example.org")).error().kind(), Kind::unavailable);
  std::filesystem::create_directory(data / "mail");
  EXPECT_TRUE(send(*mailer, mail(0, "x@example.org")));
}

class MailerOfSettings : public ::testing::Test {
 protected:
  /// As the service reads them: a file of NAME = literal.
  Result<MailTransport> load(std::string_view text) {
    const auto file = folder.write("nephele.conf", text);
    TRY(auto document, settings::read_python_files({file}));
    settings::Sources sources;
    sources.files.push_back(std::move(document.root));
    TRY(auto loaded, load_mail_settings(sources));
    return std::move(loaded.values);
  }
  Result<std::unique_ptr<Mailer>> open(std::string_view text) {
    TRY(const auto settings, load(text));
    return open_mailer(settings, folder.path().string());
  }
  TempDirectory folder;
};

TEST_F(MailerOfSettings, NothingSaidIsAFolderInTheDataDirectory) {
  const auto mailer = open("");
  ASSERT_TRUE(mailer) << mailer.error().sentence();
  EXPECT_TRUE(send(**mailer, mail(0, "x@example.org")));
  EXPECT_EQ(files_in(folder / "mails").size(), 1u);
  EXPECT_EQ(mail_sender(*load("")), (MailAddress{"", "root@localhost"}));
}

TEST_F(MailerOfSettings, ARelayByDjangosNames) {
  smtp::testing::Exim exim;
  const auto mailer = open("EMAIL_HOST = 'localhost'\nEMAIL_PORT = " + std::to_string(exim.port()) +
                           "\nEMAIL_USE_TLS = True\nEMAIL_HOST_USER = 'mailer'\nEMAIL_HOST_PASSWORD = 's3cret'\n"
                           "EMAIL_TIMEOUT = 20\nEMAIL_CA_FILE = '" +
                           exim.ca_file() + "'\n");
  ASSERT_TRUE(mailer) << mailer.error().sentence();
  Mail letter = mail(0, "x@example.org");
  letter.to.mailbox = "ada@members.test";
  const auto sent = send(**mailer, letter);
  ASSERT_TRUE(sent) << sent.error().sentence();
  EXPECT_THAT(exim.mail_with("Message-ID: <x@example.org>"), HasSubstr("with esmtpsa"));
}

TEST_F(MailerOfSettings, TheSenderIsServerEmailThenDefaultFromEmail) {
  EXPECT_EQ(mail_sender(*load("DEFAULT_FROM_EMAIL = 'a@b.org'\n")), (MailAddress{"", "a@b.org"}));
  EXPECT_EQ(mail_sender(*load("DEFAULT_FROM_EMAIL = 'a@b.org'\nSERVER_EMAIL = 'My Cloud <c@d.org>'\n")),
            (MailAddress{"My Cloud", "c@d.org"}));
  EXPECT_THAT(mail_sender(*load("SERVER_EMAIL = 'cloud'\n")).error().sentence(), HasSubstr("SERVER_EMAIL"));
}

TEST_F(MailerOfSettings, ThatContradictThemselvesAreRefusedByName) {
  EXPECT_THAT(open("EMAIL_USE_TLS = True\nEMAIL_USE_SSL = True\n").error().sentence(), HasSubstr("EMAIL_USE_SSL"));
  EXPECT_THAT(open("EMAIL_PORT = 70000\n").error().sentence(), HasSubstr("EMAIL_PORT"));
  const auto clear = open("EMAIL_HOST = 'mail.example.org'\nEMAIL_HOST_USER = 'u'\nEMAIL_HOST_PASSWORD = 's3cret'\n");
  EXPECT_THAT(clear.error().sentence(), HasSubstr("in the clear"));
  EXPECT_THAT(clear.error().sentence(), ::testing::Not(HasSubstr("s3cret")));
}

}  // namespace
}  // namespace nephele::identity
