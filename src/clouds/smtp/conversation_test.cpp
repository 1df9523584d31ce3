// SPDX-License-Identifier: Apache-2.0
#include "clouds/smtp/conversation.h"

#include <gtest/gtest.h>

namespace nephele::smtp {
namespace {

using Phase = Conversation::Phase;

TEST(Conversation, KnowsWhichRecipientWasRefusedAndWithWhichWords) {
  Conversation said;
  said.heard("220 mail.test ESMTP\r\n");
  EXPECT_EQ(said.phase(), Phase::greeting);
  said.sent("EHLO here\r\n");
  said.heard("250-mail.test\r\n");
  said.heard("250 HELP\r\n");
  said.sent("MAIL FROM:<a@x.org> SIZE=12\r\n");
  said.heard("250 OK\r\n");
  said.sent("RCPT TO:<one@x.org>\r\n");
  said.heard("250 OK\r\n");
  EXPECT_FALSE(said.refused());
  said.sent("RCPT TO:<two@x.org>\r\n");
  said.heard("550-no such\r\n");
  said.heard("550 user\x01 here\r\n");
  said.sent("QUIT\r\n");
  said.heard("221 bye\r\n");
  EXPECT_EQ(said.phase(), Phase::recipient);
  EXPECT_EQ(said.recipient(), "two@x.org");
  EXPECT_TRUE(said.refused_for_good());
  EXPECT_EQ(said.code(), 550);
  EXPECT_EQ(said.words(), "no such user? here");
}

TEST(Conversation, KeepsNothingOfASignIn) {
  Conversation said;
  said.sent("EHLO here\r\n");
  said.sent("AUTH LOGIN\r\n");
  said.heard("334 VXNlcm5hbWU6\r\n");
  said.sent("DATA\r\n");  // a password may be any word
  said.heard("535 your password secret is wrong\r\n");
  EXPECT_EQ(said.phase(), Phase::sign_in);
  EXPECT_EQ(said.code(), 535);
  EXPECT_EQ(said.words(), "");
  said.sent("MAIL FROM:<a@x.org>\r\n");
  EXPECT_EQ(said.phase(), Phase::sender);
}

TEST(Conversation, TheAnswerToTheContentIsNotTheOneToData) {
  Conversation said;
  said.sent("DATA\r\n");
  said.heard("354 go on\r\n");
  EXPECT_EQ(said.phase(), Phase::content);
  EXPECT_EQ(said.code(), 0);
  said.heard("451 try later\r\n");
  EXPECT_TRUE(said.refused());
  EXPECT_FALSE(said.refused_for_good());
}

TEST(Conversation, LinesThatAreNoAnswersAreSkippedAndLongWordsCut) {
  Conversation said;
  for (const char* odd : {"", "2", "abc", "\r\n", "-1 x"}) said.heard(odd);
  EXPECT_EQ(said.code(), 0);
  for (int i = 0; i < 50; ++i) said.heard("550-" + std::string(100, 'x'));
  EXPECT_LE(said.words().size(), 260u);
}

}  // namespace
}  // namespace nephele::smtp
