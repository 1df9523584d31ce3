// SPDX-License-Identifier: Apache-2.0
#include "clouds/smtp/relay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "base/eventually.h"
#include "base/io_threads.h"
#include "clouds/smtp/exim.h"

namespace nephele::smtp {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

class RelayTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { exim = new smtp::testing::Exim; }
  static void TearDownTestSuite() {
    delete exim;
    exim = nullptr;
  }

  static Settings plain() {
    Settings settings;
    settings.host = "127.0.0.1";
    settings.port = exim->port();
    settings.ca_file = exim->ca_file();
    settings.hello_name = "client.test";
    return settings;
  }
  static Settings with_tls(Tls tls) {
    Settings settings = plain();
    settings.tls = tls;
    settings.port = tls == Tls::implicit ? exim->tls_port() : exim->port();
    settings.user = "mailer";
    settings.password = Secret("s3cret");
    return settings;
  }
  static Mail mail(std::string to, std::string subject) {
    return {.from = {"Nephele", "cloud@example.org"},
            .to = {{"", std::move(to)}},
            .subject = std::move(subject),
            .text = "Hello.\n",
            .message_id = new_message_id({"", "cloud@example.org"}),
            .date = SystemClock().now()};
  }
  Result<> send(Settings settings, Mail letter, std::chrono::milliseconds limit = 30s) {
    Relay relay(std::move(settings));
    return loop.run(relay.send(std::move(letter), in(limit)));
  }
  static void expect(const Result<>& answer, Kind kind, const std::string& words) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind(), kind);
    EXPECT_THAT(answer.error().sentence(), HasSubstr(words));
    EXPECT_THAT(answer.error().sentence(), Not(HasSubstr("s3cret")));
  }

  inline static smtp::testing::Exim* exim = nullptr;
  IoThreads loop{1};
};

TEST_F(RelayTest, AMailArrivesAsItWasWritten) {
  Mail letter = mail("ada@example.org", "dots");
  letter.text = ".\n..\n.hidden\nx\n.\n\nQUIT\nend";
  ASSERT_TRUE(send(plain(), letter));
  const std::string stored = exim->mail_with("Subject: dots\n");
  EXPECT_THAT(stored, HasSubstr("\n\n.\n..\n.hidden\nx\n.\n\nQUIT\nend\n"));
  EXPECT_THAT(stored, HasSubstr("Message-ID: <" + letter.message_id + ">\n"));
  EXPECT_THAT(stored, HasSubstr("Return-path: <cloud@example.org>"));
  EXPECT_THAT(stored, HasSubstr("Envelope-to: ada@example.org"));
  EXPECT_THAT(stored, HasSubstr("client.test"));
  EXPECT_TRUE(stored.ends_with("\n\nQUIT\nend\n")) << stored;
}

TEST_F(RelayTest, ABodyThatBeginsWithADotKeepsIt) {
  Mail letter = mail("ada@example.org", "first dot");
  letter.text = "..";
  ASSERT_TRUE(send(plain(), letter));
  EXPECT_TRUE(exim->mail_with("Subject: first dot\n").ends_with("\n\n..\n"));
}

TEST_F(RelayTest, ALongTextInTwoFormsArrivesWhole) {
  Mail letter = mail("ada@example.org", "long");
  for (int i = 0; i < 2000; ++i) letter.text += "." + std::to_string(i) + " Καλημέρα\n";
  letter.html = "<p>short</p>";
  ASSERT_TRUE(send(plain(), letter));
  std::string expected = compose(letter).value();
  std::erase(expected, '\r');
  EXPECT_THAT(exim->mail_with("Subject: long\n"), HasSubstr(expected.substr(expected.find("MIME-Version"))));
}

TEST_F(RelayTest, SeveralRecipientsGetOneMailEach) {
  Mail letter = mail("one@example.org", "several");
  letter.to.push_back({"Two", "two@example.org"});
  ASSERT_TRUE(send(plain(), letter));
  EXPECT_TRUE(eventually([] {
    return std::ranges::count_if(exim->mails(), [](const auto& m) { return m.contains("Subject: several\n"); }) >= 1;
  }));
  EXPECT_TRUE(eventually([] { return exim->log().contains("=> two"); })) << exim->log();
}

TEST_F(RelayTest, StartTlsAndASignIn) {
  ASSERT_TRUE(send(with_tls(Tls::start), mail("ada@members.test", "by starttls")));
  EXPECT_THAT(exim->mail_with("Subject: by starttls\n"), HasSubstr("with esmtpsa"));
}

TEST_F(RelayTest, TlsFromTheStartAndASignIn) {
  ASSERT_TRUE(send(with_tls(Tls::implicit), mail("ada@members.test", "by tls")));
  EXPECT_THAT(exim->mail_with("Subject: by tls\n"), HasSubstr("with esmtpsa"));
}

TEST_F(RelayTest, AWrongPasswordIsNoFaultOfTheMail) {
  Settings settings = with_tls(Tls::start);
  settings.password = Secret("s3cret-wrong");
  const auto answer = send(settings, mail("ada@example.org", "x"));
  expect(answer, Kind::unavailable, "refuses our user and password (535)");
  EXPECT_EQ(answer.error().detail("code"), "535");
}

TEST_F(RelayTest, ACertificateOfAnotherAuthorityIsRefusedUnlessASettingSaysOtherwise) {
  const http::testing::Certificate other;
  Settings settings = with_tls(Tls::start);
  settings.ca_file = other.certificate_file;
  expect(send(settings, mail("ada@example.org", "x")), Kind::unavailable, "not trusted");
  settings.ca_file = "";
  expect(send(settings, mail("ada@example.org", "x")), Kind::unavailable, "not trusted");
  settings.verify_tls = false;
  EXPECT_TRUE(send(settings, mail("ada@example.org", "unverified")));
}

TEST_F(RelayTest, TheNameInTheCertificateCounts) {
  Settings settings = with_tls(Tls::start);
  settings.host = "127.0.0.2";  // is not in it
  expect(send(settings, mail("ada@example.org", "x")), Kind::unavailable, "not trusted");
}

TEST_F(RelayTest, TheWrongKindOfTlsIsToldApart) {
  Settings settings = with_tls(Tls::implicit);
  settings.port = exim->port();
  expect(send(settings, mail("ada@example.org", "x")), Kind::unavailable, "does not speak TLS on this port");
}

TEST_F(RelayTest, WithoutStartTlsNothingIsSaid) {
  const testing::Exim bare(false);  // or somebody in between who has cut the offer out
  Settings settings = with_tls(Tls::start);
  settings.port = bare.port();
  expect(send(settings, mail("ada@example.org", "secret")), Kind::unavailable, "offers no STARTTLS");
  EXPECT_THAT(bare.log(), Not(HasSubstr("<= cloud@example.org")));
  settings.tls = Tls::none;  // the same server would have taken it
  settings.user.clear();
  settings.password = Secret();
  EXPECT_TRUE(send(settings, mail("ada@example.org", "no secret")));
  EXPECT_TRUE(eventually([&] { return bare.log().contains("<= cloud@example.org"); }));
}

TEST_F(RelayTest, ARefusedRecipientIsNamedAndNobodyGetsTheMail) {
  Mail letter = mail("ada@example.org", "half refused");
  letter.to.push_back({"", "refused@example.org"});
  const auto answer = send(plain(), letter);
  expect(answer, Kind::invalid, "does not take the recipient refused@example.org: 550 no such user here");
  EXPECT_EQ(answer.error().detail("recipient"), "refused@example.org");
  EXPECT_EQ(answer.error().detail("code"), "550");
  ASSERT_TRUE(send(plain(), mail("ada@example.org", "after it")));
  EXPECT_NE(exim->mail_with("Subject: after it\n"), "");
  for (const auto& m : exim->mails()) EXPECT_THAT(m, Not(HasSubstr("half refused")));
}

TEST_F(RelayTest, RefusalsForGoodAndForNow) {
  expect(send(plain(), mail("later@example.org", "x")), Kind::unavailable, "451 come again");
  expect(send(plain(), mail("ada@example.org", "spam")), Kind::invalid, "does not take the mail: 550 this is spam");
  expect(send(plain(), mail("ada@members.test", "x")), Kind::invalid, "members only");
  Mail letter = mail("ada@example.org", "x");
  letter.from.mailbox = "nobody@example.org";
  expect(send(plain(), letter), Kind::invalid, "does not take our sender: 550");
}

TEST_F(RelayTest, ASlowAnswerEndsAtTheDeadline) {
  const auto begun = std::chrono::steady_clock::now();
  expect(send(plain(), mail("slow@example.org", "x"), 1500ms), Kind::timeout, "did not answer in time");
  Settings settings = plain();
  settings.timeout = 1500ms;
  expect(send(settings, mail("slow@example.org", "x")), Kind::timeout, "did not answer in time");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 20s);
}

TEST_F(RelayTest, ACancelledCallerEndsTheSession) {
  Relay relay(plain());
  const auto begun = std::chrono::steady_clock::now();
  const auto answer =
      loop.run(with_deadline(relay.send(mail("slow@example.org", "x"), in(120s)), in(1500ms), "the caller"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), Kind::timeout);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 30s);
}

TEST_F(RelayTest, MoreMailsThanMayWaitAreSentAwayAtOnce) {
  Settings settings = plain();
  settings.sessions = 1;
  settings.waiting = 1;
  settings.timeout = 5s;
  Relay relay(settings);
  auto first = loop.begin(relay.send(mail("slow@example.org", "x"), in(5s)));
  auto second = loop.begin(relay.send(mail("slow@example.org", "x"), in(5s)));
  auto third = loop.begin(relay.send(mail("slow@example.org", "x"), in(5s)));
  int busy = 0;
  for (auto* answer : {&first, &second, &third}) busy += answer->get().error().kind() == Kind::busy ? 1 : 0;
  EXPECT_GE(busy, 1);
  EXPECT_LE(busy, 2) << "the thread may not have taken the first one yet";
}

TEST_F(RelayTest, AServerThatDiesInTheMiddleIsUnavailableAndHealsItself) {
  Relay relay(plain());
  const auto before = exim->slow_ones();
  auto answer = loop.begin(relay.send(mail("slow@example.org", "cut"), in(60s)));
  ASSERT_TRUE(eventually([before] { return exim->slow_ones() > before; }));
  exim->crash();
  expect(answer.get(), Kind::unavailable, "broke off");
  expect(loop.run(relay.send(mail("ada@example.org", "x"), in(30s))), Kind::unavailable, "does not accept connections");
  exim->start();
  EXPECT_TRUE(loop.run(relay.send(mail("ada@example.org", "healed"), in(30s))));
  EXPECT_NE(exim->mail_with("Subject: healed\n"), "");
}

TEST_F(RelayTest, AFrozenServerIsATimeout) {
  exim->freeze();
  expect(send(plain(), mail("ada@example.org", "x"), 1s), Kind::timeout, "did not answer in time");
  exim->resume();
  EXPECT_TRUE(send(plain(), mail("ada@example.org", "thawed")));
}

TEST_F(RelayTest, AMailThatIsNoMailNeverReachesTheServer) {
  Mail letter = mail("ada@example.org>\r\nRCPT TO:<eve@example.org", "x");
  expect(send(plain(), letter), Kind::invalid, "line break");
  letter = mail("ada@example.org", "x\r\nBcc: eve@example.org");
  expect(send(plain(), letter), Kind::invalid, "line break");
}

TEST(RelaySettings, APasswordNeverTravelsInTheClear) {
  Settings settings;
  settings.user = "mailer";
  settings.password = Secret("s3cret");
  for (const char* near : {"localhost", "127.0.0.1", "::1"}) {
    settings.host = near;
    EXPECT_TRUE(Relay::check(settings)) << near;
  }
  settings.host = "127.0.0.1.example.org";
  EXPECT_FALSE(Relay::check(settings)) << "a name that only looks like the loopback";
  settings.host = "mail.example.org";
  const auto refused = Relay::check(settings);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().sentence(), HasSubstr("in the clear"));
  EXPECT_THROW(Relay{settings}, std::runtime_error);
  settings.plain_sign_in = true;
  EXPECT_TRUE(Relay::check(settings));
  settings.plain_sign_in = false;
  settings.tls = Tls::start;
  EXPECT_TRUE(Relay::check(settings));
}

TEST(RelaySettings, ThatContradictThemselvesAreRefused) {
  const auto refused = [](auto change) {
    Settings settings;
    change(settings);
    return !Relay::check(settings);
  };
  EXPECT_TRUE(refused([](Settings& s) { s.host = ""; }));
  EXPECT_TRUE(refused([](Settings& s) { s.host = "a/b"; }));
  EXPECT_TRUE(refused([](Settings& s) { s.host = "user@host"; }));
  EXPECT_TRUE(refused([](Settings& s) { s.port = 0; }));
  EXPECT_TRUE(refused([](Settings& s) { s.hello_name = "x\r\nMAIL"; }));
  EXPECT_TRUE(refused([](Settings& s) { s.password = Secret("alone"); }));
  EXPECT_TRUE(refused([](Settings& s) { s.user = std::string("a\0b", 3); }));
  EXPECT_TRUE(refused([](Settings& s) { s.timeout = 0ms; }));
}

}  // namespace
}  // namespace nephele::smtp
