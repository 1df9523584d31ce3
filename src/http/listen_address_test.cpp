// SPDX-License-Identifier: Apache-2.0
#include "http/listen_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/file_handle.h"

namespace nephele::http {
namespace {

TEST(ListenAddress, OnlyLiteralsAreAddresses) {
  for (const char* good : {"127.0.0.1", "0.0.0.0", "::", "::1", "203.0.113.9", "2001:db8::9"})
    EXPECT_TRUE(check_literal(good)) << good;
  for (const char* wrong : {"", "localhost", "10.0.0", "127.0.0.1:80", "[::1]", "10.0.0.256", " 127.0.0.1"}) {
    const auto told = check_literal(wrong);
    ASSERT_FALSE(told) << wrong;
    EXPECT_EQ(told.error().kind(), Kind::invalid);
    EXPECT_NE(told.error().sentence().find('"' + std::string(wrong) + '"'), std::string::npos);
    EXPECT_FALSE(check_bindable(wrong)) << wrong;
  }
}

TEST(ListenAddress, OfAHostIsWhatItsNameStandsFor) {
  for (const char* literal : {"127.0.0.1", "::", "2001:db8::9"}) EXPECT_EQ(literal_of(literal), literal);
  const auto found = literal_of("localhost");
  ASSERT_TRUE(found);
  EXPECT_TRUE(*found == "127.0.0.1" || *found == "::1") << *found;
  for (const char* nobody : {"", "no.such.host.invalid", "[::1]", "10.0.0", "127.0.0.1:80", "fe80::zz"}) {
    const auto told = literal_of(nobody);
    ASSERT_FALSE(told) << nobody;
    EXPECT_EQ(told.error().kind(), Kind::invalid);
  }
}

TEST(ListenAddress, OfAnotherMachineCannotBeBound) {
  for (const char* ours : {"127.0.0.1", "127.3.2.1", "0.0.0.0"}) EXPECT_TRUE(check_bindable(ours)) << ours;
  const auto told = check_bindable("203.0.113.9");  // of documentation: nobody's
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().kind(), Kind::invalid);
  EXPECT_NE(told.error().sentence().find("203.0.113.9 is no address of this machine"), std::string::npos);
}

TEST(ListenAddress, WhoListensThereIsNoHindrance) {
  const FileHandle other(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  ASSERT_EQ(::inet_pton(AF_INET, "127.0.0.1", &at.sin_addr), 1);
  ASSERT_EQ(::bind(other.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
  ASSERT_EQ(::listen(other.get(), 1), 0);
  EXPECT_TRUE(check_bindable("127.0.0.1"));
}

}  // namespace
}  // namespace nephele::http
